import CKernels

/// The kernels of one instruction set.
///
/// Every function is one step of dna-numerics-1 (docs/numerics.md); lengths are in elements, and vectors of the model
/// are multiples of 16 long.
package struct KernelSet: Sendable {
    // A constant of the library.
    private nonisolated(unsafe) let table: UnsafePointer<dna_kernels>

    /// Nil when this machine cannot run the instruction set, and for `reference`, which has no kernels.
    package init?(_ instructionSet: InstructionSet) {
        guard instructionSet.isAvailable, let kernels = Self.kernels(instructionSet.resolved) else { return nil }
        table = kernels
    }

    private static func kernels(_ instructionSet: InstructionSet) -> UnsafePointer<dna_kernels>? {
        switch instructionSet {
        case .portable: dna_portable_kernels()
        case .avx2: dna_avx2_kernels()
        case .avx512: dna_avx512_kernels()
        case .neon: dna_neon_kernels()
        case .auto, .reference: nil
        }
    }

    /// Rows `16·groups` of `matrix` times tokens `first ..< first + count` of `input`, one token after another at
    /// `out + token · stride`; `out` is indexed by the matrix's row. With `adding`, added to what is there.
    package func multiply(
        _ matrix: PackedMatrix, groups: Range<Int>, by input: MatrixInput, first: Int = 0, count: Int,
        into out: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false
    ) {
        assert(groups.upperBound <= matrix.groups && input.columns == matrix.columns)
        assert(first + count <= input.capacity)
        withUnsafePointer(to: input.activations) {
            dna_multiply(
                table, matrix.format.rawValue, matrix.storage + groups.lowerBound * matrix.groupBytes,
                Int64(groups.count), $0, Int64(first), Int64(count), out + groups.lowerBound * PackedMatrix.groupRows,
                Int64(stride), Int32(adding ? DNA_ADD : DNA_STORE))
        }
    }

    /// Quantizes a token of `input` from its floats. False when one of them is not finite.
    package func quantize(_ input: MatrixInput, token: Int) -> Bool {
        withUnsafePointer(to: input.activations) { table.pointee.quantize($0, Int64(token)) < 0x7f80_0000 }
    }

    /// RMSNorm with weights. False when the sum of squares is not finite.
    package func normalize(
        _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, count: Int, epsilon: Float,
        into out: UnsafeMutablePointer<Float>
    ) -> Bool {
        table.pointee.rms_norm(x, weight, Int64(count), epsilon, out).isFinite
    }

    /// activation(gate) · up.
    package func activate(
        _ activation: GatedActivation, gate: UnsafePointer<Float>, up: UnsafePointer<Float>, count: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.activate(activation.rawValue, gate, up, Int64(count), out)
    }

    /// y = y + x.
    package func add(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.add(x, Int64(count), y)
    }

    /// x = x · factor.
    package func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        table.pointee.scale(x, factor, Int64(count))
    }

    /// y = fma(weight, x, y).
    package func accumulate(
        _ x: UnsafePointer<Float>, weight: Float, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        table.pointee.accumulate(x, weight, Int64(count), y)
    }

    /// x = cap · tanh(x / cap); `count` may be any, `cap` is positive.
    package func softCap(_ x: UnsafeMutablePointer<Float>, count: Int, cap: Float) {
        table.pointee.soft_cap(x, Int64(count), cap)
    }

    /// Rotates the first 2·`pairs` elements of each of consecutive heads in place.
    package func rotate(
        _ x: UnsafeMutablePointer<Float>, heads: Int, headDimension: Int, pairs: Int, pairing: RotaryPairing,
        cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>
    ) {
        assert(2 * pairs <= headDimension)
        table.pointee.rotate(
            pairing.rawValue, x, Int64(heads), Int64(headDimension), Int64(pairs), cosines, sines)
    }

    /// Rounds a position's key and value of one head to f16 into the position's `page`, in which the head's keys and
    /// values begin at the given elements. False when one becomes infinite or is NaN.
    package func store(
        key: UnsafePointer<Float>, value: UnsafePointer<Float>, headDimension: Int, position: Int,
        page: UnsafeMutablePointer<UInt16>, keys: Int, values: Int
    ) -> Bool {
        table.pointee.store(key, value, Int64(headDimension), Int64(position), page + keys, page + values) < 0x7c00
    }

    /// Attention of queries that share one key/value head of one sequence; query i sees positions starts[i] ..<
    /// lengths[i], at least one.
    ///
    /// `pages[p / 16]` keeps position p in f16: the head's keys from element `keys` on, `[dimension][p % 16]`, its values
    /// from element `values` on, `[p % 16][dimension]`. Pages wholly before every start are not looked at and may be
    /// nil. `scores` is scratch of `queries.count · scoreStride`, the stride a multiple of 16 and at least the longest
    /// length. False when a score that a query sees is not finite before the soft cap.
    package func attend(
        queries: UnsafeBufferPointer<UnsafePointer<Float>?>, outputs: UnsafePointer<UnsafeMutablePointer<Float>?>,
        starts: UnsafePointer<Int64>, lengths: UnsafePointer<Int64>, headDimension: Int,
        pages: UnsafePointer<UnsafePointer<UInt16>?>, keys: Int, values: Int, scores: UnsafeMutablePointer<Float>,
        scoreStride: Int, scale: Float, softCap: Float? = nil
    ) -> Bool {
        assert(queries.indices.allSatisfy { starts[$0] >= 0 && starts[$0] < lengths[$0] })
        var call = dna_attention(
            queries: queries.baseAddress, outputs: outputs, starts: starts, lengths: lengths,
            count: Int64(queries.count), head_dimension: Int64(headDimension), pages: pages, keys: Int64(keys),
            values: Int64(values), scores: scores, score_stride: Int64(scoreStride), scale: scale,
            soft_cap: softCap ?? 0)
        return table.pointee.attention(&call) < 0x7f80_0000
    }

    /// The project's own exp.
    package func exponential(_ x: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        table.pointee.exponential(x, Int64(count), out)
    }
}
