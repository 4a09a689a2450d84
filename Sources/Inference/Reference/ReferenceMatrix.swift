package import GGUF

/// A matrix as it lies in the file, row after row.
package struct ReferenceMatrix {
    let type: TensorType
    let columns: Int
    let bytes: [UInt8]

    package init(type: TensorType, columns: Int, bytes: [UInt8]) {
        self.type = type
        self.columns = columns
        self.bytes = bytes
    }

    private func half(_ at: Int) -> Float {
        ReferenceNumerics.float(half: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8)
    }

    private func single(_ at: Int) -> Float {
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
    }

    /// Scale, minimum and 32 codes of a quantized block.
    private func block(_ at: Int) -> (scale: Float, minimum: Float, codes: [Int]) {
        if type == .q8_0 { return (half(at), 0, (0..<32).map { Int(Int8(bitPattern: bytes[at + 2 + $0])) }) }
        let codes = (0..<32).map { Int($0 < 16 ? bytes[at + 4 + $0] & 15 : bytes[at + 4 + $0 - 16] >> 4) }
        return (half(at), half(at + 2), codes)
    }

    /// One element of the product: row times vector.
    package func dot(row: Int, _ x: ReferenceActivation) -> Float {
        let blocksInRow = columns / type.blockElements
        let start = row * blocksInRow * type.blockBytes
        var acc: Float = 0
        guard type == .q4_1 || type == .q8_0 else {
            for k in 0..<columns {
                let weight = type == .f16 ? half(start + 2 * k) : single(start + 4 * k)
                acc = acc.addingProduct(weight, x.floats[k])
            }
            return acc
        }
        for index in 0..<blocksInRow {
            let weights = block(start + index * type.blockBytes)
            let input = x.blocks[index]
            var products = 0
            var codes = 0
            for k in 0..<32 {
                products += weights.codes[k] * input.codes[k]
                codes += input.codes[k]
            }
            acc = acc.addingProduct(weights.scale * input.scale, Float(products))
            if type == .q4_1 { acc = acc.addingProduct(weights.minimum, input.scale * Float(codes)) }
        }
        return acc
    }

    /// One row as floats: an embedding.
    package func row(_ row: Int) -> [Float] {
        let blocksInRow = columns / type.blockElements
        let start = row * blocksInRow * type.blockBytes
        switch type {
        case .f32: return (0..<columns).map { single(start + 4 * $0) }
        case .f16: return (0..<columns).map { half(start + 2 * $0) }
        default:
            return (0..<blocksInRow).flatMap { index in
                let weights = block(start + index * type.blockBytes)
                return weights.codes.map {
                    type == .q4_1
                        ? weights.minimum.addingProduct(weights.scale, Float($0)) : weights.scale * Float($0)
                }
            }
        }
    }
}
