/// Where data of a given size is cut into chunks.
///
/// Chunks have 256 KiB, but the last is never short: where it would have fewer than 32 KiB, the last two share their bytes
/// evenly. Data that is a multiple of 256 KiB has an empty chunk at its end, which is in the tree and is never sent.
public struct ChunkPlan: Hashable, Sendable {
    /// The largest chunk in bytes.
    public static let largestChunk = 262_144
    /// A last chunk after another has at least so many bytes.
    public static let smallestLastChunk = 32_768
    /// The largest data: integers beyond do not survive JSON everywhere.
    public static let largestSize = 1 << 53 - 1

    /// The data's bytes.
    public let size: Int

    /// Throws ``ArweaveError/unusableSize(_:)`` for no bytes and for more than ``largestSize``.
    public init(size: Int) throws(ArweaveError) {
        guard size > 0, size <= Self.largestSize else { throw .unusableSize(size) }
        self.size = size
    }

    /// The chunks that hold bytes.
    public var filledCount: Int { (size + Self.largestChunk - 1) / Self.largestChunk }

    /// The leaves of the tree: all chunks, with the empty one where there is one.
    public var leafCount: Int { size / Self.largestChunk + 1 }

    /// The bytes of a chunk.
    public func range(_ index: Int) -> Range<Int> {
        precondition(index >= 0 && index < leafCount, "no such chunk")
        return start(index)..<(index + 1 == leafCount ? size : start(index + 1))
    }

    /// The bytes of the chunk that holds a byte.
    public func range(containing offset: Int) -> Range<Int> {
        precondition(offset >= 0 && offset < size, "no such byte")
        // An uneven last chunk begins within the place of the one before.
        let index = offset / Self.largestChunk
        let isBeyond = index + 1 < leafCount && range(index).upperBound <= offset
        return range(isBeyond ? index + 1 : index)
    }

    private func start(_ index: Int) -> Int {
        let rest = size % Self.largestChunk
        let isUneven = index > 0 && index + 1 == leafCount && rest > 0 && rest < Self.smallestLastChunk
        // What the last two share; the first of them has the odd byte.
        let shared = Self.largestChunk + rest
        return isUneven ? (index - 1) * Self.largestChunk + (shared + 1) / 2 : index * Self.largestChunk
    }
}
