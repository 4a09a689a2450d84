/// Caps on what a header may claim, so that a hostile file cannot make the reader allocate or loop without bound.
public enum GGUFLimits {
    /// Most metadata entries.
    public static let metadataEntries: UInt64 = 4096
    /// Most tensors.
    public static let tensors: UInt64 = 65536
    /// Longest metadata key, in bytes (the format's own limit).
    public static let keyBytes: UInt64 = 65535
    /// Longest tensor name, in bytes.
    public static let tensorNameBytes: UInt64 = 256
    /// Longest string value, in bytes.
    public static let stringBytes: UInt64 = 1 << 24
    /// Most elements of one array.
    public static let arrayElements: UInt64 = 1 << 22
    /// Most elements of all arrays together: small integers take up to eight times their room in the file.
    public static let allArrayElements: UInt64 = 1 << 24
    /// Most dimensions of a tensor.
    public static let dimensions: UInt32 = 4
    /// Largest alignment of the tensor data.
    public static let alignment: UInt64 = 65536
}
