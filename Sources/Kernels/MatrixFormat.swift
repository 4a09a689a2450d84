import CKernels

/// How a packed matrix keeps its weights: like the type of the file with the same name. Counted as in CKernels.h.
package enum MatrixFormat: Int32, CaseIterable, Sendable {
    case f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q2K, q3K, q4K, q5K, q6K, iq4NL, iq4XS

    /// A row is a whole number of blocks of this many columns.
    package var blockColumns: Int { Int(dna_block_columns(rawValue)) }

    /// Bytes of one row in the file.
    package func rowBytes(columns: Int) -> Int { columns / blockColumns * Int(dna_file_bytes(rawValue)) }

    /// Bytes of a packed row: at most a 25th more than in the file, because scales of 6 bits are kept as bytes.
    package func packedRowBytes(columns: Int) -> Int {
        columns / blockColumns * Int(dna_packed_bytes(rawValue)) / PackedMatrix.groupRows
    }
}
