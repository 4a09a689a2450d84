/// The element types of tensors, by the format's numbers.
public enum TensorType: UInt32, Sendable, CaseIterable {
    case f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q8_1 = 9
    case q2K = 10, q3K = 11, q4K = 12, q5K = 13, q6K = 14, q8K = 15
    case iq2XXS = 16, iq2XS = 17, iq3XXS = 18, iq1S = 19, iq4NL = 20, iq3S = 21, iq2S = 22, iq4XS = 23
    case i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, iq1M = 29, bf16 = 30
    case tq1_0 = 34, tq2_0 = 35, mxfp4 = 39, nvfp4 = 40, q1_0 = 41

    /// Elements and bytes of one block, and the name people know.
    private var facts: (elements: Int, bytes: Int, name: String) {
        switch self {
        case .f32: (1, 4, "F32")
        case .f16: (1, 2, "F16")
        case .q4_0: (32, 18, "Q4_0")
        case .q4_1: (32, 20, "Q4_1")
        case .q5_0: (32, 22, "Q5_0")
        case .q5_1: (32, 24, "Q5_1")
        case .q8_0: (32, 34, "Q8_0")
        case .q8_1: (32, 36, "Q8_1")
        case .q2K: (256, 84, "Q2_K")
        case .q3K: (256, 110, "Q3_K")
        case .q4K: (256, 144, "Q4_K")
        case .q5K: (256, 176, "Q5_K")
        case .q6K: (256, 210, "Q6_K")
        case .q8K: (256, 292, "Q8_K")
        case .iq2XXS: (256, 66, "IQ2_XXS")
        case .iq2XS: (256, 74, "IQ2_XS")
        case .iq3XXS: (256, 98, "IQ3_XXS")
        case .iq1S: (256, 50, "IQ1_S")
        case .iq4NL: (32, 18, "IQ4_NL")
        case .iq3S: (256, 110, "IQ3_S")
        case .iq2S: (256, 82, "IQ2_S")
        case .iq4XS: (256, 136, "IQ4_XS")
        case .i8: (1, 1, "I8")
        case .i16: (1, 2, "I16")
        case .i32: (1, 4, "I32")
        case .i64: (1, 8, "I64")
        case .f64: (1, 8, "F64")
        case .iq1M: (256, 56, "IQ1_M")
        case .bf16: (1, 2, "BF16")
        case .tq1_0: (256, 54, "TQ1_0")
        case .tq2_0: (256, 66, "TQ2_0")
        case .mxfp4: (32, 17, "MXFP4")
        case .nvfp4: (64, 36, "NVFP4")
        case .q1_0: (128, 18, "Q1_0")
        }
    }

    /// Elements of one block.
    public var blockElements: Int { facts.elements }
    /// Bytes of one block.
    public var blockBytes: Int { facts.bytes }
    /// The name people know, `Q4_1`.
    public var name: String { facts.name }

    /// Whether a block holds integer codes and scales rather than numbers.
    public var isQuantized: Bool { blockElements > 1 }
}
