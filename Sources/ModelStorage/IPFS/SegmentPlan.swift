import ContentAddressing

/// A part of a package that is sent at once: leaves that follow each other, or nodes.
struct Segment: Sendable {
    var items: [ImportedDAG.Item] = []
    var bytes = 0
}

/// Cuts a package into segments: all leaves in their order, then the nodes. Each block once.
struct SegmentPlan: Sendable {
    /// The largest segment.
    static let most = 128 << 20
    /// The smallest that a package is cut into.
    static let least = 4 << 20
    /// What is under way when something breaks is at most two of so many parts.
    private static let parts = 128

    let segments: [Segment]
    let segmentBytes: Int

    /// - Parameter segmentBytes: by default what suits the package's size.
    init(_ dag: ImportedDAG, segmentBytes wanted: Int? = nil) {
        let total = Int(clamping: dag.fileBytes)
        segmentBytes = wanted ?? min(Self.most, max(Self.least, total / Self.parts))
        var segments: [Segment] = []
        var current = Segment()
        func add(_ item: ImportedDAG.Item, _ bytes: Int) {
            if current.bytes > 0, current.bytes + bytes > segmentBytes {
                segments.append(current)
                current = Segment()
            }
            current.items.append(item)
            current.bytes += bytes
        }
        var segmentsSoFar: Set<CID> = []
        for (file, entry) in dag.files.enumerated() {
            for (index, cid) in entry.leaves.enumerated() where segmentsSoFar.insert(cid).inserted {
                let size = min(dag.profile.chunkBytes, entry.source.size - index * dag.profile.chunkBytes)
                add(.leaf(file: file, index: index), size)
            }
        }
        for node in dag.nodes { add(.node(node), node.bytes.count) }
        if !current.items.isEmpty { segments.append(current) }
        self.segments = segments
    }
}

extension ImportedDAG {
    /// A block's name, without reading it.
    func name(of item: Item) -> CID {
        switch item {
        case .node(let block): block.cid
        case .leaf(let file, let index): files[file].leaves[index]
        }
    }

    /// A block's bytes, without reading it.
    func size(of item: Item) -> Int {
        switch item {
        case .node(let block): block.bytes.count
        case .leaf(let file, let index):
            min(profile.chunkBytes, files[file].source.size - index * profile.chunkBytes)
        }
    }

    func block(_ item: Item) throws -> Block {
        switch item {
        case .node(let block): block
        case .leaf(let file, let index): try leafBlock(file: file, index: index)
        }
    }
}
