import COpenSSL

/// SHA-256 in memory of its own, again and again: allocates nothing, where OpenSSL's general interface allocates for every
/// hash. Its memory is not wiped, so it is not for secrets.
public struct InlineSHA256: Sendable {
    private var context = SHA256_CTX()

    /// A digest of nothing yet.
    public init() { restart() }

    /// Absorbs raw memory.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // SHA-256 itself does not fail.
        _ = dna_SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    /// Absorbs bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Appends the digest, 32 bytes, and begins anew.
    public mutating func finish(appendingTo output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.byteCount) { digest in
            _ = dna_SHA256_Final(digest.baseAddress, &context)
            output.append(contentsOf: digest)
        }
        restart()
    }

    private mutating func restart() { _ = dna_SHA256_Init(&context) }
}
