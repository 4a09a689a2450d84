/// A tensor's entry in the directory.
public struct GGUFTensor: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The element type.
    public let type: TensorType
    /// Elements along each dimension, the contiguous one first: `[columns, rows]` of a matrix.
    public let shape: [Int]
    /// Where the data is, in bytes from the start of the file; inside the file by construction.
    public let bytes: Range<Int>
}
