import CKernels

/// How a packed matrix keeps its weights.
package enum MatrixFormat: Sendable {
    case q4_1, q8_0, f16, f32

    /// Bytes of one row in the file, which has the same density as the packed form.
    package func rowBytes(columns: Int) -> Int {
        switch self {
        case .q4_1: columns / 32 * 20
        case .q8_0: columns / 32 * 34
        case .f16: columns * 2
        case .f32: columns * 4
        }
    }
}

/// A matrix repacked in groups of 16 rows, as the kernels read it; the last group is padded with zero rows.
package final class PackedMatrix: Sendable {
    package static let groupRows = 16

    package let format: MatrixFormat
    package let rows: Int
    package let columns: Int
    package let groups: Int
    let groupBytes: Int
    // Written by init only, freed by deinit only: safe to share.
    nonisolated(unsafe) let storage: UnsafeMutableRawPointer

    /// Packs `source`, row after row as in a GGUF file. Nil when a scale or a weight is not finite.
    package init?(format: MatrixFormat, rows: Int, columns: Int, source: UnsafeRawBufferPointer) {
        let rowBytes = format.rowBytes(columns: columns)
        precondition(rows > 0 && columns > 0 && columns.isMultiple(of: format == .f16 || format == .f32 ? 1 : 32))
        precondition(source.count == rows * rowBytes, "the source is not \(rows) x \(columns)")
        self.format = format
        self.rows = rows
        self.columns = columns
        groups = (rows + Self.groupRows - 1) / Self.groupRows
        groupBytes = Self.groupRows * rowBytes
        storage = .allocate(byteCount: groups * groupBytes, alignment: 64)
        for group in 0..<groups {
            guard pack(group, source.baseAddress!, rowBytes) else { return nil }
        }
    }

    deinit { storage.deallocate() }

    private func pack(_ group: Int, _ source: UnsafeRawPointer, _ rowBytes: Int) -> Bool {
        let first = group * Self.groupRows
        let count = Int64(min(Self.groupRows, rows - first))
        let from = (source + first * rowBytes).assumingMemoryBound(to: UInt8.self)
        let to = storage + group * groupBytes
        let (bytes, blocks, columns) = (Int64(rowBytes), Int64(columns / 32), Int64(columns))
        return switch format {
        case .q4_1: dna_pack_q4_1(from, bytes, count, blocks, to.assumingMemoryBound(to: dna_q4_1_block.self))
        case .q8_0: dna_pack_q8_0(from, bytes, count, blocks, to.assumingMemoryBound(to: dna_q8_0_block.self))
        case .f16: dna_pack_f16(from, bytes, count, columns, to.assumingMemoryBound(to: UInt16.self))
        case .f32: dna_pack_f32(from, bytes, count, columns, to.assumingMemoryBound(to: Float.self))
        }
    }

    /// One row as floats: an embedding.
    package func unpack(row: Int, into out: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && row < rows)
        let from = storage + row / Self.groupRows * groupBytes
        let lane = Int64(row % Self.groupRows)
        let (blocks, columns) = (Int64(columns / 32), Int64(columns))
        switch format {
        case .q4_1: dna_unpack_q4_1(from.assumingMemoryBound(to: dna_q4_1_block.self), blocks, lane, out)
        case .q8_0: dna_unpack_q8_0(from.assumingMemoryBound(to: dna_q8_0_block.self), blocks, lane, out)
        case .f16: dna_unpack_f16(from.assumingMemoryBound(to: UInt16.self), columns, lane, out)
        case .f32: dna_unpack_f32(from.assumingMemoryBound(to: Float.self), columns, lane, out)
        }
    }
}
