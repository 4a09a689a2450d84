package import GGUF

/// Columns of one row that share a scale, and a minimum if the type has one: 16 or 32 of them. Column k stands for
/// scale · codes[k] + minimum.
///
/// The types' formats: docs/numerics.md, "Matrices"; the numbers in the comments below are offsets of bytes.
package struct ReferenceRun: Equatable {
    package var scale: Float
    package var minimum: Float?
    package var codes: [Int]

    /// The runs of one block of the file, columns ascending.
    package static func read(_ type: TensorType, _ block: ArraySlice<UInt8>) -> [ReferenceRun] {
        let bytes = Block(bytes: block)
        return switch type {
        case .q4_0: [q4_0(bytes)]
        case .q4_1: [q4_1(bytes)]
        case .q5_0: [q5_0(bytes)]
        case .q5_1: [q5_1(bytes)]
        case .q8_0: [q8_0(bytes)]
        case .q2K: (0..<16).map { q2K(bytes, $0) }
        case .q3K: (0..<16).map { q3K(bytes, $0) }
        case .q4K: (0..<8).map { q4K(bytes, $0) }
        case .q5K: (0..<8).map { q5K(bytes, $0) }
        case .q6K: (0..<16).map { q6K(bytes, $0) }
        case .iq4NL: [iq4NL(bytes)]
        case .iq4XS: (0..<8).map { iq4XS(bytes, $0) }
        default: preconditionFailure("\(type.name) is not a quantized type of a matrix")
        }
    }

    /// The bytes of a block, counted from 0.
    private struct Block {
        let bytes: ArraySlice<UInt8>
        subscript(index: Int) -> Int { Int(bytes[bytes.startIndex + index]) }
    }

    private static func half(_ bytes: Block, _ at: Int) -> Float {
        ReferenceNumerics.float(half: UInt16(bytes[at] | bytes[at + 1] << 8))
    }

    private static func signed(_ byte: Int) -> Int { byte < 128 ? byte : byte - 256 }

    /// 32 codes in 16 bytes: 0…15 in the low nibbles, 16…31 in the high ones.
    private static func nibbles(_ bytes: Block, _ at: Int) -> [Int] {
        (0..<16).map { bytes[at + $0] % 16 } + (0..<16).map { bytes[at + $0] / 16 }
    }

    private static func bit(_ bytes: Block, _ at: Int, _ number: Int) -> Int {
        bytes[at + number / 8] >> (number % 8) & 1
    }

    /// 0: d. 2: nibbles.
    private static func q4_0(_ bytes: Block) -> ReferenceRun {
        ReferenceRun(scale: half(bytes, 0), codes: nibbles(bytes, 2).map { $0 - 8 })
    }

    /// 0: d. 2: m. 4: nibbles.
    private static func q4_1(_ bytes: Block) -> ReferenceRun {
        ReferenceRun(scale: half(bytes, 0), minimum: half(bytes, 2), codes: nibbles(bytes, 4))
    }

    /// 0: d. 2: 32 fifth bits. 6: nibbles.
    private static func q5_0(_ bytes: Block) -> ReferenceRun {
        let low = nibbles(bytes, 6)
        return ReferenceRun(scale: half(bytes, 0), codes: (0..<32).map { low[$0] + 16 * bit(bytes, 2, $0) - 16 })
    }

    /// 0: d. 2: m. 4: 32 fifth bits. 8: nibbles.
    private static func q5_1(_ bytes: Block) -> ReferenceRun {
        let low = nibbles(bytes, 8)
        return ReferenceRun(
            scale: half(bytes, 0), minimum: half(bytes, 2), codes: (0..<32).map { low[$0] + 16 * bit(bytes, 4, $0) })
    }

    /// 0: d. 2: 32 signed bytes.
    private static func q8_0(_ bytes: Block) -> ReferenceRun {
        ReferenceRun(scale: half(bytes, 0), codes: (0..<32).map { signed(bytes[2 + $0]) })
    }

    /// Element `index` of 256 codes of two bits in 64 bytes: 32 bytes hold 128 elements, the first 32 in bits 0 and 1 of
    /// each, the next 32 in bits 2 and 3, and so on.
    private static func pair(_ bytes: Block, _ at: Int, _ index: Int) -> Int {
        bytes[at + index / 128 * 32 + index % 32] >> (2 * (index % 128 / 32)) & 3
    }

    /// 0: for each run its scale in the low, its minimum in the high nibble. 16: pairs. 80: d. 82: dmin.
    private static func q2K(_ bytes: Block, _ run: Int) -> ReferenceRun {
        ReferenceRun(
            scale: half(bytes, 80) * Float(bytes[run] % 16), minimum: -half(bytes, 82) * Float(bytes[run] / 16),
            codes: (0..<16).map { pair(bytes, 16, 16 * run + $0) })
    }

    /// 0: third bits: of 32 bytes, bit b of byte i is that of element 32·b + i. 32: pairs. 96: scales of six bits: run
    /// r's low four are nibble r of the first eight bytes (r < 8: low nibbles), its high two are in byte 8 + r mod 4,
    /// from bit 2·⌊r / 4⌋ on. 108: d.
    private static func q3K(_ bytes: Block, _ run: Int) -> ReferenceRun {
        let low = run < 8 ? bytes[96 + run] % 16 : bytes[96 + run - 8] / 16
        let high = bytes[104 + run % 4] >> (2 * (run / 4)) & 3
        return ReferenceRun(
            scale: half(bytes, 108) * Float(low + 16 * high - 32),
            codes: (16 * run..<16 * run + 16).map {
                pair(bytes, 32, $0) + 4 * (bytes[$0 % 32] >> ($0 / 32) & 1) - 4
            })
    }

    /// Scale and minimum of six bits of run 0…7 in 12 bytes. Runs 0…3: the low six bits of bytes r and 4 + r. Runs 4…7:
    /// the low four bits are the nibbles of byte 4 + r, the high two are the top bits of bytes r − 4 and r.
    private static func sixes(_ bytes: Block, _ at: Int, _ run: Int) -> (scale: Int, minimum: Int) {
        guard run >= 4 else { return (bytes[at + run] % 64, bytes[at + 4 + run] % 64) }
        return (
            bytes[at + 4 + run] % 16 + 16 * (bytes[at + run - 4] / 64),
            bytes[at + 4 + run] / 16 + 16 * (bytes[at + run] / 64)
        )
    }

    /// Code of four bits: 32 bytes hold two runs, the first in the low nibbles, the second in the high ones.
    private static func nibble(_ bytes: Block, _ at: Int, run: Int, _ index: Int) -> Int {
        bytes[at + 32 * (run / 2) + index] >> (4 * (run % 2)) & 15
    }

    /// 0: d. 2: dmin. 4: sixes. 16: nibbles.
    private static func q4K(_ bytes: Block, _ run: Int) -> ReferenceRun {
        let factors = sixes(bytes, 4, run)
        return ReferenceRun(
            scale: half(bytes, 0) * Float(factors.scale), minimum: -half(bytes, 2) * Float(factors.minimum),
            codes: (0..<32).map { nibble(bytes, 16, run: run, $0) })
    }

    /// 0: d. 2: dmin. 4: sixes. 16: fifth bits: of 32 bytes, bit r of byte i is that of element i of run r. 48: nibbles.
    private static func q5K(_ bytes: Block, _ run: Int) -> ReferenceRun {
        let factors = sixes(bytes, 4, run)
        return ReferenceRun(
            scale: half(bytes, 0) * Float(factors.scale), minimum: -half(bytes, 2) * Float(factors.minimum),
            codes: (0..<32).map { nibble(bytes, 48, run: run, $0) + 16 * (bytes[16 + $0] >> run & 1) })
    }

    /// 0: nibbles: 64 bytes hold 128 elements, the first 64 in the low nibbles, the next 64 in the high ones.
    /// 128: pairs, bits 4 and 5. 192: 16 scales, signed bytes. 208: d.
    private static func q6K(_ bytes: Block, _ run: Int) -> ReferenceRun {
        ReferenceRun(
            scale: half(bytes, 208) * Float(signed(bytes[192 + run])),
            codes: (16 * run..<16 * run + 16).map {
                let low = bytes[$0 / 128 * 64 + $0 % 64] >> (4 * ($0 % 128 / 64)) & 15
                return low + 16 * pair(bytes, 128, $0) - 32
            })
    }

    private static let iq4Values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

    /// 0: d. 2: nibbles, each an index of the table.
    private static func iq4NL(_ bytes: Block) -> ReferenceRun {
        ReferenceRun(scale: half(bytes, 0), codes: nibbles(bytes, 2).map { iq4Values[$0] })
    }

    /// 0: d. 2: the high two of the scales' six bits, run r's from bit 2·r of 16 bits on. 4: their low four, two to a
    /// byte. 8: 16 bytes of nibbles for each run, each an index of the table.
    private static func iq4XS(_ bytes: Block, _ run: Int) -> ReferenceRun {
        let low = bytes[4 + run / 2] >> (4 * (run % 2)) & 15
        let high = (bytes[2] + 256 * bytes[3]) >> (2 * run) & 3
        return ReferenceRun(
            scale: half(bytes, 0) * Float(low + 16 * high - 32),
            codes: nibbles(bytes, 8 + 16 * run).map { iq4Values[$0] })
    }
}
