import Arweave
import Synchronization

/// Bytes of a transaction's data.
struct DataPiece: Sendable {
    let range: Range<Int>
    let bytes: [UInt8]
    let sha256: [UInt8]
}

/// Reads chunks of a transaction whose signature was verified; each is proven against the data root that was signed.
final class ChunkReader: Sendable {
    let root: DataRoot
    let size: Int
    private let id: TransactionID
    private let nodes: ArweaveNodes
    /// By the node's name: one that says a wrong place is found out by the chunks that lie there.
    private let places = Mutex<[String: DataPlace]>([:])

    /// Throws `ArweaveError` for a transaction without data.
    init(nodes: ArweaveNodes, transaction: Transaction) throws(ArweaveError) {
        guard let root = transaction.body.dataRoot, transaction.body.dataSize > 0 else { throw .unusableSize(0) }
        self.root = root
        self.nodes = nodes
        size = transaction.body.dataSize
        id = transaction.id
    }

    /// The chunk that holds a byte of the data.
    func chunk(at offset: Int, startingAt start: Int = 0) async throws -> DataPiece {
        try await nodes.ask(startingAt: start) { node in
            let place = try await self.place(at: node)
            let stored = try await node.chunk(at: place.start + offset)
            guard
                let proven = ProvenChunk(path: stored.path, root: self.root, size: self.size, offset: offset),
                proven.matches(stored.bytes)
            else { throw node.untrue("GET /chunk/\(place.start + offset)", "the chunk is not the one that was signed") }
            return DataPiece(range: proven.range, bytes: stored.bytes, sha256: proven.sha256)
        }
    }

    private func place(at node: ArweaveNode) async throws -> DataPlace {
        if let place = places.withLock({ $0[node.name] }) { return place }
        let place = try await node.place(of: id)
        guard place.size == size else {
            throw node.untrue("GET /tx/\(id)/offset", "the size is not the one that was signed")
        }
        places.withLock { $0[node.name] = place }
        return place
    }
}
