import CKernels

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
        precondition(rows > 0 && columns > 0 && columns.isMultiple(of: format.blockColumns))
        precondition(source.count == rows * rowBytes, "the source is not \(rows) x \(columns)")
        self.format = format
        self.rows = rows
        self.columns = columns
        groups = Self.groups(rows)
        groupBytes = Self.groupBytes(format, columns)
        storage = .allocate(byteCount: groups * groupBytes, alignment: 64)
        for group in 0..<groups {
            let first = group * Self.groupRows
            let from = (source.baseAddress! + first * rowBytes).assumingMemoryBound(to: UInt8.self)
            let count = Int64(min(Self.groupRows, rows - first))
            guard dna_pack(format.rawValue, from, count, Int64(columns), storage + group * groupBytes) else {
                return nil
            }
        }
    }

    deinit { storage.deallocate() }

    /// Bytes that a matrix takes.
    package static func byteCount(format: MatrixFormat, rows: Int, columns: Int) -> Int {
        groups(rows) * groupBytes(format, columns)
    }

    private static func groups(_ rows: Int) -> Int { (rows + groupRows - 1) / groupRows }

    private static func groupBytes(_ format: MatrixFormat, _ columns: Int) -> Int {
        groupRows * format.packedRowBytes(columns: columns)
    }

    /// Memory that the packed rows take.
    package var byteCount: Int { groups * groupBytes }

    /// One row as floats: an embedding.
    package func unpack(row: Int, into out: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && row < rows)
        let group = storage + row / Self.groupRows * groupBytes
        dna_unpack(format.rawValue, group, Int64(columns), Int64(row % Self.groupRows), out)
    }
}
