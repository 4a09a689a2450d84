/// Finds out from directories and inner nodes, each checked as it comes, which files a DAG has and which leaves they are
/// made of. Nothing a node says about sizes is believed before its parent, its children and its bytes agree.
///
/// Ask ``next()``, get that block from anywhere, ``supply(_:)`` it, until the walk ``isComplete``.
public struct DAGWalk: Sendable {
    /// What the bytes of a node have to be.
    private enum Role {
        /// A file or folder.
        case entry(path: String)
        /// A part of a file.
        case part(file: Int, offset: UInt64, size: UInt64)
    }

    private struct Expectation {
        let role: Role
        let depth: Int
        /// What the parent says; nil for the root.
        let totalSize: UInt64?
    }

    /// A leaf in a dag-pb node costs no more bytes than this beyond its own; an inner node costs more for each link. So a
    /// leaf is known without fetching it.
    private static let leafOverhead: UInt64 = 32

    private let limits: DAGLimits
    private var expected: [CID: [Expectation]] = [:]
    /// Wanted and not asked for yet.
    private var waiting: [CID] = []
    private var counts = (entries: 0, nodes: 0, leaves: 0, bytes: UInt64(0))
    /// Bytes of the nodes supplied so far.
    public private(set) var nodeBytes = 0
    private var files: [DAGFile] = []
    /// Folders below the root so far, parents before children.
    public private(set) var folders: [String] = []
    /// Whether the root is a folder; nil before it was supplied.
    public private(set) var isFolder: Bool?

    /// A walk that wants the root.
    public init(_ root: CID, limits: DAGLimits = .standard) {
        self.limits = limits
        expected[root] = [Expectation(role: .entry(path: ""), depth: 0, totalSize: nil)]
        waiting = [root]
        counts.entries = 1
        counts.nodes = 1
    }

    /// Whether every node has been supplied.
    public var isComplete: Bool { expected.isEmpty }

    /// A node that is wanted and was not asked for before; nil when there is none until more are supplied.
    public mutating func next() -> CID? { waiting.popLast() }

    /// Takes a node that was wanted.
    public mutating func supply(_ block: Block) throws(DAGError) {
        guard let expectations = expected.removeValue(forKey: block.cid) else { throw .unexpectedBlock(block.cid) }
        nodeBytes += block.bytes.count
        guard nodeBytes <= limits.nodeBytes else { throw .tooManyBlocks }
        for expectation in expectations { try take(block, expectation) }
    }

    private mutating func take(_ block: Block, _ expectation: Expectation) throws(DAGError) {
        guard block.cid.codec == .dagPB else { return try takeRaw(block, expectation) }
        let node = try DAGNode(decoding: block.bytes)
        let data = try UnixFSData(decoding: node.data)
        var total = UInt64(block.bytes.count)
        for link in node.links { total = try Self.sum(total, link.totalSize, block.cid) }
        if let declared = expectation.totalSize, declared != total { throw .sizesDisagree(block.cid) }
        switch (expectation.role, data.kind) {
        case (.entry(let path), .directory): try takeFolder(block.cid, node, data, path, expectation.depth)
        case (.entry(let path), _): try takeFile(block.cid, node, data, path, expectation.depth)
        case (.part, .directory): throw .malformedFile(block.cid)
        case (.part(let file, let offset, let size), _):
            guard data.fileSize == size else { throw .sizesDisagree(block.cid) }
            try takePart(block.cid, node, data, file, offset, expectation.depth)
        }
    }

    // MARK: Folders

    private mutating func takeFolder(
        _ cid: CID, _ node: DAGNode, _ data: UnixFSData, _ path: String, _ depth: Int
    ) throws(DAGError) {
        guard data.content.isEmpty, data.blockSizes.isEmpty else { throw .malformedNode }
        if path.isEmpty { isFolder = true } else { folders.append(path) }
        counts.entries += node.links.count
        guard counts.entries <= limits.entries else { throw .tooManyEntries }
        var names: Set<String> = []
        for link in node.links {
            guard EntryName.isAllowed(link.name) else { throw .badName(link.name) }
            guard names.insert(link.name).inserted else { throw .duplicateName(link.name) }
            let inside = path.isEmpty ? link.name : path + "/" + link.name
            guard inside.utf8.count <= limits.pathBytes else { throw .tooDeep }
            if link.cid.codec == .raw {
                try addFile(inside, size: link.totalSize)
                try addLeaf(link.cid, file: files.count - 1, offset: 0, size: link.totalSize)
            } else {
                try want(link.cid, .entry(path: inside), depth + 1, link.totalSize)
            }
        }
    }

    // MARK: Files

    /// The root, when it is a file of one piece.
    private mutating func takeRaw(_ block: Block, _ expectation: Expectation) throws(DAGError) {
        guard case .entry(let path) = expectation.role else { throw .unexpectedBlock(block.cid) }
        isFolder = false
        try addFile(path, size: UInt64(block.bytes.count))
        try addLeaf(block.cid, file: files.count - 1, offset: 0, size: UInt64(block.bytes.count))
    }

    private mutating func takeFile(
        _ cid: CID, _ node: DAGNode, _ data: UnixFSData, _ path: String, _ depth: Int
    ) throws(DAGError) {
        if path.isEmpty { isFolder = false }
        let size = data.fileSize ?? UInt64(data.content.count)
        try addFile(path, size: size)
        let file = files.count - 1
        if node.links.isEmpty {
            guard data.blockSizes.isEmpty else { throw .malformedFile(cid) }
            guard size == UInt64(data.content.count) else { throw .sizesDisagree(cid) }
            try addLeaf(cid, file: file, offset: 0, size: size)
        } else {
            try takePart(cid, node, data, file, 0, depth)
        }
    }

    private mutating func takePart(
        _ cid: CID, _ node: DAGNode, _ data: UnixFSData, _ file: Int, _ start: UInt64, _ depth: Int
    ) throws(DAGError) {
        // No content beside links, and no piece without bytes: with those a few nodes could stand for endless work.
        guard data.content.isEmpty, !node.links.isEmpty, node.links.count == data.blockSizes.count,
            !data.blockSizes.contains(0)
        else { throw .malformedFile(cid) }
        var total: UInt64 = 0
        for size in data.blockSizes { total = try Self.sum(total, size, cid) }
        guard total == data.fileSize else { throw .sizesDisagree(cid) }
        var offset = start
        for (link, size) in zip(node.links, data.blockSizes) {
            if isLeaf(link, size) {
                guard link.cid.codec != .raw || link.totalSize == size else { throw .sizesDisagree(link.cid) }
                try addLeaf(link.cid, file: file, offset: offset, size: size)
            } else {
                try want(link.cid, .part(file: file, offset: offset, size: size), depth + 1, link.totalSize)
            }
            offset += size
        }
    }

    private func isLeaf(_ link: DAGLink, _ size: UInt64) -> Bool {
        link.cid.codec == .raw
            || link.totalSize >= size && link.totalSize - size <= Self.leafOverhead
    }

    // MARK: Bounds

    private mutating func addFile(_ path: String, size: UInt64) throws(DAGError) {
        guard size <= limits.bytes, counts.bytes <= limits.bytes - size else { throw .tooLarge }
        counts.bytes += size
        files.append(DAGFile(path: path, size: size, leaves: []))
    }

    private mutating func addLeaf(_ cid: CID, file: Int, offset: UInt64, size: UInt64) throws(DAGError) {
        guard size <= UInt64(Block.byteLimit) else { throw .blockTooLarge(cid) }
        counts.leaves += 1
        guard counts.leaves <= limits.leaves else { throw .tooManyBlocks }
        files[file].leaves.append(DAGLeaf(cid: cid, offset: offset, size: Int(size)))
    }

    private mutating func want(_ cid: CID, _ role: Role, _ depth: Int, _ totalSize: UInt64) throws(DAGError) {
        guard depth <= limits.depth else { throw .tooDeep }
        counts.nodes += 1
        guard counts.nodes <= limits.nodes else { throw .tooManyBlocks }
        if expected[cid] == nil { waiting.append(cid) }
        expected[cid, default: []].append(Expectation(role: role, depth: depth, totalSize: totalSize))
    }

    private static func sum(_ left: UInt64, _ right: UInt64, _ cid: CID) throws(DAGError) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw .sizesDisagree(cid) }
        return sum
    }

    /// The files with their leaves in order. Only when the walk is complete.
    public func finish() -> [DAGFile] {
        precondition(isComplete, "nodes are missing")
        return files.map { file in
            var file = file
            file.leaves.sort { $0.offset < $1.offset }
            return file
        }
    }
}
