/// RSASSA-PSS with SHA-256 and MGF1-SHA-256 (RFC 8017, section 8.1).
///
/// Keys have 2,048 to 4,096 bits, in whole bytes, and the public exponent 65,537.
public enum RSAPSS {
    /// The sizes of a modulus in bytes.
    public static let modulusByteCounts = 256...512
    /// The salt of a signature made here, in bytes: as long as the digest.
    public static let saltByteCount = 32

    /// The public exponent of every key here, big-endian.
    static let exponent: [UInt8] = [1, 0, 1]
}
