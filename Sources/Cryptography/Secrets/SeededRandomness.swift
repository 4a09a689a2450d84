/// Secret bytes that repeat after a restart: block b of request k is SHA-512(domain ‖ seed ‖ length of context as
/// UInt64 ‖ context ‖ k as UInt64 ‖ b as UInt64), big-endian.
///
/// The context has to name everything the bytes are used for: the same seed under another context gives unrelated
/// bytes, under the same context the same ones.
public struct SeededRandomness: SecretRandomness, Sendable {
    private let prefix: SHA512
    private var requests: UInt64 = 0

    /// A generator at its start. The seed has at least 32 secret, uniformly random bytes.
    public init(seed: SecretBytes, context: [UInt8]) {
        precondition(seed.count >= 32, "a seed has at least 32 bytes")
        var hash = SHA512()
        hash.update([UInt8]("dna/seeded-randomness/1\n".utf8))
        hash.update(seed)
        hash.update(Self.encode(UInt64(context.count)))
        hash.update(context)
        prefix = hash
    }

    /// The next `count` bytes.
    public mutating func secret(count: Int) -> SecretBytes {
        defer { requests += 1 }
        return SecretBytes(count: count) { output in
            for start in stride(from: 0, to: count, by: SHA512.byteCount) {
                var hash = prefix
                hash.update(Self.encode(requests) + Self.encode(UInt64(start / SHA512.byteCount)))
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: output[start..<min(start + SHA512.byteCount, count)])
                hash.finalizeSecret().withUnsafeBytes { block in
                    part.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<part.count]))
                }
            }
        }
    }

    private static func encode(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
    }
}
