import Cryptography

/// A chunk that belongs to a data root: where it lies and what it hashes to.
public struct ProvenChunk: Hashable, Sendable {
    /// Its bytes in the transaction's data; never empty, at most ``ChunkPlan/largestChunk`` long.
    public let range: Range<Int>
    private let digest: Octets32

    /// Reads a `data_path` and checks it against a data root that is trusted.
    ///
    /// Every end in it has to lie where it must, so it is also a proof of the chunk's place. Other clients cut data at
    /// other places than ``ChunkPlan`` does; what counts is what was signed.
    /// - Parameters:
    ///   - size: the transaction's data size.
    ///   - offset: a byte of the chunk, from the data's beginning.
    /// - Returns: nil for a path of another tree or another place.
    public init?(path: [UInt8], root: DataRoot, size: Int, offset: Int) {
        guard offset >= 0, offset < size, path.count <= Self.longestPath else { return nil }
        var reader = PathReader(rest: path[...])
        var (expected, range) = (root.octets, 0..<size)
        while reader.rest.count > Self.leafByteCount {
            guard let left = reader.identifier(), let right = reader.identifier(), let middle = reader.note(),
                range.lowerBound < middle, middle <= range.upperBound,
                DataHash.branch(left, right, middle: middle) == expected
            else { return nil }
            let isLeft = offset < middle
            expected = isLeft ? left : right
            range = isLeft ? range.lowerBound..<middle : middle..<range.upperBound
        }
        guard let digest = reader.identifier(), let end = reader.note(), reader.rest.isEmpty, end == range.upperBound,
            range.count <= ChunkPlan.largestChunk, DataHash.leaf(digest, end: end) == expected
        else { return nil }
        self.range = range
        self.digest = digest
    }

    /// Whether these are the chunk's bytes.
    public func matches(_ bytes: [UInt8]) -> Bool {
        bytes.count == range.count && SHA256.hash(bytes) == digest.bytes
    }

    /// The chunk's SHA-256 digest.
    public var sha256: [UInt8] { digest.bytes }

    private static let leafByteCount = 64
    /// No honest tree of 2⁵³ bytes is deeper than 64 branches.
    private static let longestPath = 64 * 96 + leafByteCount
}

private struct PathReader {
    var rest: ArraySlice<UInt8>

    mutating func identifier() -> Octets32? {
        defer { rest = rest.dropFirst(32) }
        return Octets32(rest.prefix(32))
    }

    /// nil also for a number that no size can be.
    mutating func note() -> Int? {
        guard let octets = identifier()?.bytes, octets[..<24].allSatisfy({ $0 == 0 }), octets[24] < 0x80 else {
            return nil
        }
        return octets[24...].reduce(0) { $0 << 8 | Int($1) }
    }
}
