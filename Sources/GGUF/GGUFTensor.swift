/// The element types of tensors, by the format's numbers.
public enum TensorType: UInt32, Sendable, CaseIterable {
    case f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q8_1 = 9
    case q2K = 10, q3K = 11, q4K = 12, q5K = 13, q6K = 14, q8K = 15
    case iq4NL = 20, iq4XS = 23
    case i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, bf16 = 30

    /// Elements of one block.
    public var blockElements: Int {
        switch self {
        case .f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q8_1, .iq4NL: 32
        case .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq4XS: 256
        }
    }

    /// Bytes of one block.
    public var blockBytes: Int {
        switch self {
        case .i8: 1
        case .f16, .bf16, .i16: 2
        case .f32, .i32: 4
        case .f64, .i64: 8
        case .q4_0, .iq4NL: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q8_1: 36
        case .q2K: 84
        case .q3K: 110
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        case .q8K: 292
        case .iq4XS: 136
        }
    }

    /// The name people know, `Q4_1`.
    public var name: String {
        switch self {
        case .q2K: "Q2_K"
        case .q3K: "Q3_K"
        case .q4K: "Q4_K"
        case .q5K: "Q5_K"
        case .q6K: "Q6_K"
        case .q8K: "Q8_K"
        case .iq4NL: "IQ4_NL"
        case .iq4XS: "IQ4_XS"
        default: "\(self)".uppercased()
        }
    }
}

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
