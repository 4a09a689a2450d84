public import Canonical
public import Cryptography

#if _endian(big)
    #error("hidden states are hashed as they lie in memory, which must be little-endian")
#endif

/// 32 bytes that make an execution trace fresh. JSON: 64 lower-case hexadecimal digits.
public struct TraceChallenge: HexadecimalCodable {
    /// What it is called in an error.
    public static let typeName = "trace challenge"
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// `nil` unless there are exactly 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}

/// Collects one leaf for each token of an answer; the Merkle root over them is what a vote carries.
///
/// Leaf t = SHA-256(`dna/trace/1` ‖ 0x0A ‖ challenge ‖ t ‖ token ‖ hidden state): t and token as 4 bytes each, the
/// hidden state as binary32, all little-endian.
public struct TraceBuilder: Sendable {
    private static let leafBytes = SHA256.byteCount
    /// What every leaf begins with.
    private let prefix: [UInt8]
    private var hash = InlineSHA256()
    /// The leaves so far, one after the other.
    private var bytes: [UInt8] = []

    /// An empty trace. With so many leaves it allocates no more memory.
    public init(challenge: TraceChallenge, capacity: Int = 0) {
        prefix = Array("dna/trace/1\n".utf8) + challenge.bytes
        bytes.reserveCapacity(capacity * Self.leafBytes)
    }

    /// How many leaves there are.
    public var count: Int { bytes.count / Self.leafBytes }

    /// Adds token number `count` of the answer and the hidden state from which its logits were computed: the vector
    /// after the final norm.
    public mutating func append(token: TokenID, hiddenState: UnsafeBufferPointer<Float>) {
        let words = SIMD2(UInt32(count), UInt32(bitPattern: token))
        hash.update(prefix)
        withUnsafeBytes(of: words) { hash.update($0) }
        hash.update(UnsafeRawBufferPointer(hiddenState))
        hash.finish(appendingTo: &bytes)
    }

    /// The leaves so far, 32 bytes each.
    public var leaves: [[UInt8]] {
        stride(from: 0, to: bytes.count, by: Self.leafBytes).map { Array(bytes[$0..<$0 + Self.leafBytes]) }
    }

    /// The root of the RFC 6962 tree over the leaves; for none, SHA-256 of no bytes. Costs as much as hashing them all.
    public var root: Digest { MerkleTree(leaves: leaves).root }
}
