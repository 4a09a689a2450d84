package import GGUF

/// A matrix as it lies in the file, row after row.
package struct ReferenceMatrix {
    let type: TensorType
    let rows: Int
    let columns: Int
    let bytes: [UInt8]

    package init(type: TensorType, rows: Int, columns: Int, bytes: [UInt8]) {
        self.type = type
        self.rows = rows
        self.columns = columns
        self.bytes = bytes
    }

    private var rowBytes: Int { columns / type.blockElements * type.blockBytes }

    /// A weight of a float type.
    private func weight(row: Int, column: Int) -> Float {
        let at = row * rowBytes + column * type.blockBytes
        func pair(_ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }
        return switch type {
        case .f32: Float(bitPattern: UInt32(pair(at)) | UInt32(pair(at + 2)) << 16)
        case .bf16: Float(bitPattern: UInt32(pair(at)) << 16)
        default: ReferenceNumerics.float(half: pair(at))
        }
    }

    /// The runs of columns of a row of a quantized type, columns ascending.
    private func runs(row: Int) -> [ReferenceRun] {
        stride(from: row * rowBytes, to: (row + 1) * rowBytes, by: type.blockBytes).flatMap {
            ReferenceRun.read(type, bytes[$0..<$0 + type.blockBytes])
        }
    }

    /// One element of the product: row times vector.
    package func dot(row: Int, _ x: ReferenceActivation) -> Float {
        var acc: Float = 0
        guard type.isQuantized else {
            for k in 0..<columns { acc = acc.addingProduct(weight(row: row, column: k), x.floats[k]) }
            return acc
        }
        var column = 0
        for run in runs(row: row) {
            let block = x.blocks[column / 32]
            var products = 0
            var codes = 0
            for k in 0..<run.codes.count {
                products += run.codes[k] * block.codes[column % 32 + k]
                codes += block.codes[column % 32 + k]
            }
            acc = acc.addingProduct(run.scale * block.scale, Float(products))
            if let minimum = run.minimum { acc = acc.addingProduct(minimum, block.scale * Float(codes)) }
            column += run.codes.count
        }
        return acc
    }

    /// One row as floats: an embedding.
    package func row(_ row: Int) -> [Float] {
        guard type.isQuantized else { return (0..<columns).map { weight(row: row, column: $0) } }
        return runs(row: row).flatMap { run in
            run.codes.map { code in
                run.minimum.map { $0.addingProduct(run.scale, Float(code)) } ?? run.scale * Float(code)
            }
        }
    }
}
