/// Incremental SHA-384 (FIPS 180-4). A value: copies go on independently.
public struct SHA384: Sendable {
    private var context = DigestContext(.sha384)

    /// The size of a digest in bytes.
    public static let byteCount = 48

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

    /// The digest, 48 bytes. Ends this value; a copy taken before goes on.
    public consuming func finalize() -> [UInt8] {
        if !isKnownUniquelyReferenced(&context) { context = context.copy() }
        return context.finish()
    }

    /// The digest of raw memory, 48 bytes.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA384()
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of bytes, 48 bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }
}
