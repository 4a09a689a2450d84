import Cryptography

/// The tree of a transaction's chunks, whose root is signed.
///
/// A leaf's id is H(H(digest of the chunk) ‖ H(note of its end)), a branch's H(H(left) ‖ H(right) ‖ H(note of the left
/// child's end)), where H is SHA-256 and a note is an integer in 32 bytes, big-endian. A node without a neighbour climbs
/// unchanged. Takes less than 100 bytes of memory for 256 KiB of data.
public struct DataTree: Sendable {
    /// Where the data is cut.
    public let plan: ChunkPlan
    private let digests: [Octets32]
    /// Level 0 are the leaves.
    private let levels: [[Octets32]]

    /// The tree of chunks with these SHA-256 digests, one for each leaf of the plan.
    init(plan: ChunkPlan, digests: [Octets32]) {
        precondition(digests.count == plan.leafCount, "a digest for each leaf")
        self.plan = plan
        self.digests = digests
        var levels = [
            digests.enumerated().map { DataHash.leaf($0.element, end: plan.range($0.offset).upperBound) }
        ]
        while let level = levels.last, level.count > 1 {
            levels.append(Self.parents(of: level, depth: levels.count, plan))
        }
        self.levels = levels
    }

    private static func parents(of level: [Octets32], depth: Int, _ plan: ChunkPlan) -> [Octets32] {
        stride(from: 0, to: level.count, by: 2).map { index in
            guard index + 1 < level.count else { return level[index] }
            return DataHash.branch(level[index], level[index + 1], middle: middle(index / 2, depth, plan))
        }
    }

    /// Where the left child of node `index` at `depth` above the leaves ends.
    private static func middle(_ index: Int, _ depth: Int, _ plan: ChunkPlan) -> Int {
        plan.range((2 * index + 1) << (depth - 1) - 1).upperBound
    }

    /// What the transaction signs.
    public var root: DataRoot { DataRoot(levels.last![0]) }  // a plan has at least one leaf

    /// The SHA-256 digest of a chunk.
    public func digest(_ index: Int) -> [UInt8] { digests[index].bytes }

    /// The proof that a chunk belongs to the root: for each branch from the root left ‖ right ‖ note, then the chunk's
    /// digest ‖ note of its end.
    public func path(_ index: Int) -> [UInt8] {
        var path: [UInt8] = []
        for depth in stride(from: levels.count - 1, to: 0, by: -1) {
            let left = (index >> depth) * 2
            guard left + 1 < levels[depth - 1].count else { continue }
            path += levels[depth - 1][left].bytes + levels[depth - 1][left + 1].bytes
            path += DataHash.note(Self.middle(index >> depth, depth, plan))
        }
        return path + digests[index].bytes + DataHash.note(plan.range(index).upperBound)
    }
}

extension DataTree {
    /// Makes the tree of data that comes in pieces.
    public struct Builder: Sendable {
        private let plan: ChunkPlan
        private var digests: [Octets32] = []
        private var hash = SHA256()
        private var position = 0

        /// For data of this size.
        public init(_ plan: ChunkPlan) {
            self.plan = plan
            digests.reserveCapacity(plan.leafCount)
        }

        /// Takes the next bytes. Throws ``ArweaveError/otherSize(expected:actual:)`` when there are too many.
        public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(ArweaveError) {
            guard bytes.count <= plan.size - position else {
                throw .otherSize(expected: plan.size, actual: position + bytes.count)
            }
            var rest = bytes
            while !rest.isEmpty {
                let end = plan.range(digests.count).upperBound
                let count = min(rest.count, end - position)
                hash.update(UnsafeRawBufferPointer(rebasing: rest[..<count]))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                position += count
                if position == end { endChunk() }
            }
        }

        private mutating func endChunk() {
            digests.append(Octets32(hash.finalize())!)  // SHA-256 gives 32 bytes
            hash = SHA256()
        }

        /// The tree. Throws ``ArweaveError/otherSize(expected:actual:)`` when bytes are missing.
        public consuming func finish() throws(ArweaveError) -> DataTree {
            guard position == plan.size else { throw .otherSize(expected: plan.size, actual: position) }
            if digests.count < plan.leafCount { endChunk() }
            return DataTree(plan: plan, digests: digests)
        }
    }

    /// The tree of bytes in memory. Throws ``ArweaveError/unusableSize(_:)``.
    public init(of bytes: [UInt8]) throws(ArweaveError) {
        var builder = Builder(try ChunkPlan(size: bytes.count))
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ArweaveError) in try builder.update(bytes) }
        }
        try result.get()
        self = try builder.finish()
    }
}

/// The hashes of which a tree consists.
enum DataHash {
    /// The bytes of a note.
    static let noteByteCount = 32

    static func note(_ number: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: noteByteCount - 8)
            + withUnsafeBytes(of: UInt64(number).bigEndian) { [UInt8]($0) }
    }

    static func leaf(_ digest: Octets32, end: Int) -> Octets32 {
        combine([digest.bytes, note(end)])
    }

    static func branch(_ left: Octets32, _ right: Octets32, middle: Int) -> Octets32 {
        combine([left.bytes, right.bytes, note(middle)])
    }

    /// H(H(part) ‖ …).
    static func combine(_ parts: [[UInt8]]) -> Octets32 {
        var hash = SHA256()
        for part in parts { hash.update(SHA256.hash(part)) }
        return Octets32(hash.finalize())!  // SHA-256 gives 32 bytes
    }
}
