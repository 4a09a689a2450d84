import GGUF
import Inference
import Kernels

/// Rows of random blocks as a file holds them, and the same rows packed.
struct TestMatrix {
    let type: TensorType
    let rows: Int
    let columns: Int
    let bytes: [UInt8]

    init(_ type: TensorType, rows: Int, columns: Int, _ numbers: inout TestNumbers) {
        (self.type, self.rows, self.columns) = (type, rows, columns)
        bytes = (0..<rows * columns / type.blockElements).flatMap { _ in Self.block(type, &numbers) }
    }

    var reference: ReferenceMatrix {
        ReferenceMatrix(type: type, rows: rows, columns: columns, bytes: bytes)
    }

    var packed: PackedMatrix? {
        MatrixFormat(type).flatMap { format in
            bytes.withUnsafeBytes { PackedMatrix(format: format, rows: rows, columns: columns, source: $0) }
        }
    }

    /// Every type a matrix may have.
    static let types = TensorType.allCases.filter { MatrixFormat($0) != nil }

    /// Where a block holds f16 numbers.
    static func halves(_ type: TensorType) -> [Int] {
        switch type {
        case .f16, .q4_0, .q5_0, .q8_0, .iq4NL, .iq4XS: [0]
        case .q4_1, .q5_1, .q4K, .q5K: [0, 2]
        case .q2K: [80, 82]
        case .q3K: [108]
        case .q6K: [208]
        default: []
        }
    }

    /// Random codes, now and then all alike; scales of every finite kind.
    private static func block(_ type: TensorType, _ numbers: inout TestNumbers) -> [UInt8] {
        if type == .f32 { return withUnsafeBytes(of: numbers.float().bitPattern.littleEndian, Array.init) }
        if type == .bf16 { return withUnsafeBytes(of: numbers.float().bitPattern.littleEndian) { Array($0[2...]) } }
        var block = (0..<type.blockBytes).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        if Int.random(in: 0..<8, using: &numbers) == 0 {
            let byte = [0x00, 0xff, 0x80, 0x7f, 0x88, 0x0f, 0xf0].randomElement(using: &numbers)!
            block = block.map { _ in UInt8(byte) }
        }
        for at in halves(type) {
            let half = half(&numbers)
            block[at] = UInt8(half & 0xff)
            block[at + 1] = UInt8(half >> 8)
        }
        return block
    }

    private static func half(_ numbers: inout TestNumbers) -> UInt16 {
        let sign: UInt16 = Bool.random(using: &numbers) ? 0x8000 : 0
        let size: UInt16 =
            switch Int.random(in: 0..<12, using: &numbers) {
            case 0: 0
            case 1: .random(in: 1...0x3ff, using: &numbers)  // subnormal
            case 2: 0x7bff  // 65504
            case 3: .random(in: 0...0x7bff, using: &numbers)
            default: .random(in: 0x1000...0x2fff, using: &numbers)
            }
        return sign | size
    }
}
