/// Incremental SHA-256 (FIPS 180-4). A value: copies go on independently.
public struct SHA256: Sendable {
    private var context = DigestContext(.sha256)

    /// The size of a digest in bytes.
    public static let byteCount = 32

    /// A digest of nothing yet.
    public init() {}

    /// Absorbs raw memory.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
        context.update(bytes)
    }

    /// Absorbs bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Absorbs any sequence of bytes; contiguous ones are not copied.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
        if done == nil { update([UInt8](bytes)) }
    }

    /// Absorbs a secret without copying it.
    public mutating func update(_ secret: SecretBytes) {
        secret.withUnsafeBytes { update($0) }
    }

    /// The digest, 32 bytes. Ends this value; a copy taken before goes on.
    public consuming func finalize() -> [UInt8] {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
        return context.finish()
    }

    /// The digest as a secret, 32 bytes. Ends this value; a copy taken before goes on.
    public consuming func finalizeSecret() -> SecretBytes {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
        let context = context
        return SecretBytes(count: Self.byteCount) {
            context.finish(into: $0.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// The digest of raw memory, 32 bytes.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of bytes, 32 bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }
}
