import ContentAddressing

/// A part of a package that is sent at once: leaves that follow each other, or nodes.
struct Segment: Sendable {
    var items: [ImportedDAG.Item] = []
    var bytes = 0
}

/// Cuts a package into segments: all leaves in their order, then the nodes. Each block once.
package struct SegmentPlan: Sendable {
    /// The largest segment.
    static let most = 128 << 20
    /// The smallest that a package is cut into.
    package static let least = 4 << 20
    /// What is under way when something breaks is at most two of so many parts.
    private static let parts = 128

    let segments: [Segment]
    let segmentBytes: Int

    /// - Parameter segmentBytes: by default what suits the package's size.
    init(_ dag: ImportedDAG, segmentBytes wanted: Int? = nil) {
        let total = Int(clamping: dag.fileBytes)
        segmentBytes = wanted ?? min(Self.most, max(Self.least, total / Self.parts))
        var items: [ImportedDAG.Item] = []
        var seen: Set<CID> = []
        for (file, entry) in dag.files.enumerated() {
            for (index, cid) in entry.leaves.enumerated() where seen.insert(cid).inserted {
                items.append(.leaf(file: file, index: index))
            }
        }
        items += dag.nodes.map { .node($0) }
        segments = Self.cut(items, dag, segmentBytes)
    }

    private static func cut(_ items: [ImportedDAG.Item], _ dag: ImportedDAG, _ limit: Int) -> [Segment] {
        var segments: [Segment] = []
        var current = Segment()
        for item in items {
            let bytes = dag.size(of: item)
            if !current.items.isEmpty, current.bytes + bytes > limit {
                segments.append(current)
                current = Segment()
            }
            current.items.append(item)
            current.bytes += bytes
        }
        if !current.items.isEmpty { segments.append(current) }
        return segments
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
            leafByteCount(file: file, index: index)
        }
    }
}
