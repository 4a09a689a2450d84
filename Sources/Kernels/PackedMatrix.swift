import CKernels

/// A matrix repacked in groups of 16 rows, as the kernels read it; the last group is padded with zero rows.
package final class PackedMatrix: Sendable {
    package static let groupRows = 16

    package let format: MatrixFormat
    package let rows: Int
    package let columns: Int
    package let groups: Int
    let groupBytes: Int
    private let region: MemoryRegion
    // In the region. Written by `pack` only, before anybody else knows the matrix: safe to share.
    nonisolated(unsafe) let storage: UnsafeMutableRawPointer

    /// A matrix whose packed rows stand in `region` from `offset` on, or will stand there once `pack` was called.
    /// Offsets are multiples of 64.
    package init(format: MatrixFormat, rows: Int, columns: Int, in region: MemoryRegion, at offset: Int) {
        precondition(rows > 0 && columns > 0 && columns.isMultiple(of: format.blockColumns))
        (self.format, self.rows, self.columns, self.region) = (format, rows, columns, region)
        groups = Self.groups(rows)
        groupBytes = Self.groupBytes(format, columns)
        precondition(offset.isMultiple(of: 64) && offset + groups * groupBytes <= region.byteCount)
        storage = region.base + offset
    }

    /// Packs `source` into memory of its own. Nil when a scale or a weight is not finite.
    package convenience init?(format: MatrixFormat, rows: Int, columns: Int, source: UnsafeRawBufferPointer) {
        let byteCount = Self.byteCount(format: format, rows: rows, columns: columns)
        guard let region = MemoryRegion(byteCount: byteCount) else { return nil }
        self.init(format: format, rows: rows, columns: columns, in: region, at: 0)
        guard pack(source) else { return nil }
    }

    /// Packs `source`, row after row as in a GGUF file. False when a scale or a weight is not finite.
    package func pack(_ source: UnsafeRawBufferPointer) -> Bool {
        let rowBytes = format.rowBytes(columns: columns)
        precondition(source.count == rows * rowBytes, "the source is not \(rows) x \(columns)")
        for group in 0..<groups {
            let first = group * Self.groupRows
            let from = (source.baseAddress! + first * rowBytes).assumingMemoryBound(to: UInt8.self)
            let count = Int64(min(Self.groupRows, rows - first))
            guard dna_pack(format.rawValue, from, count, Int64(columns), storage + group * groupBytes) else {
                return false
            }
        }
        return true
    }

    /// Bytes that a matrix takes.
    package static func byteCount(format: MatrixFormat, rows: Int, columns: Int) -> Int {
        groups(rows) * groupBytes(format, columns)
    }

    private static func groups(_ rows: Int) -> Int { (rows + groupRows - 1) / groupRows }

    private static func groupBytes(_ format: MatrixFormat, _ columns: Int) -> Int {
        groupRows * format.packedRowBytes(columns: columns)
    }

    /// The packed rows as they lie in memory.
    package var packedBytes: [UInt8] { Array(UnsafeRawBufferPointer(start: storage, count: byteCount)) }

    /// Memory that the packed rows take.
    package var byteCount: Int { groups * groupBytes }

    /// One row as floats: an embedding.
    package func unpack(row: Int, into out: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && row < rows)
        let group = storage + row / Self.groupRows * groupBytes
        dna_unpack(format.rawValue, group, Int64(columns), Int64(row % Self.groupRows), out)
    }
}
