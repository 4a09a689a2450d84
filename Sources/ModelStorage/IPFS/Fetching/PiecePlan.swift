import ContentAddressing

/// The leaves that a package needs, each once, and every place where its bytes belong.
struct PiecePlan: Sendable {
    struct Place: Sendable {
        let file: Int
        let offset: UInt64
    }

    struct Piece: Sendable {
        let leaf: DAGLeaf
        let first: Place
    }

    let files: [DAGFile]
    private(set) var pieces: [Piece] = []
    /// Further places of a piece; few packages have any.
    private var more: [Int: [Place]] = [:]
    let bytes: Int

    init(_ files: [DAGFile]) throws(DAGError) {
        self.files = files
        var known: [CID: Int] = [:]
        for (number, file) in files.enumerated() {
            for leaf in file.leaves where leaf.size > 0 {
                let place = Place(file: number, offset: leaf.offset)
                if let index = known[leaf.cid] {
                    guard pieces[index].leaf.size == leaf.size else { throw .sizesDisagree(leaf.cid) }
                    more[index, default: []].append(place)
                } else {
                    known[leaf.cid] = pieces.count
                    pieces.append(Piece(leaf: leaf, first: place))
                }
            }
        }
        bytes = pieces.reduce(0) { $0 + $1.leaf.size }
    }

    func places(of piece: Int) -> [Place] { [pieces[piece].first] + more[piece, default: []] }
}
