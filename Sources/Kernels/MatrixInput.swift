import CKernels

/// The input vectors of a matrix product, several tokens, as floats and in quantized form.
///
/// Threads may fill different tokens at the same time; nobody reads a token while it is filled.
package final class MatrixInput: @unchecked Sendable {
    package let columns: Int
    package let capacity: Int
    let activations: dna_activations

    /// `columns` must be a multiple of 32.
    package init(columns: Int, capacity: Int) {
        precondition(columns > 0 && columns.isMultiple(of: 32) && capacity > 0)
        self.columns = columns
        self.capacity = capacity
        let blocks = columns / 32 * capacity
        activations = dna_activations(
            values: .zeroed(columns * capacity), codes: .zeroed(columns * capacity), scale: .zeroed(blocks),
            sum: .zeroed(blocks), half_sum: .zeroed(2 * blocks), scaled_sum: .zeroed(blocks),
            scaled_half_sum: .zeroed(2 * blocks), columns: Int64(columns))
    }

    deinit {
        activations.values.deallocate()
        activations.codes.deallocate()
        activations.scale.deallocate()
        activations.sum.deallocate()
        activations.half_sum.deallocate()
        activations.scaled_sum.deallocate()
        activations.scaled_half_sum.deallocate()
    }

    /// A token's vector, to be written before `KernelSet.quantize`.
    @inline(__always) package func floats(_ token: Int) -> UnsafeMutablePointer<Float> {
        activations.values + token * columns
    }

    /// Copies a quantized token of another input of the same length.
    package func copy(_ source: MatrixInput, token from: Int, to: Int) {
        precondition(source.columns == columns)
        let blocks = columns / 32
        func copy<T>(_ there: UnsafeMutablePointer<T>, _ here: UnsafeMutablePointer<T>, _ count: Int) {
            (here + to * count).update(from: there + from * count, count: count)
        }
        copy(source.activations.values, activations.values, columns)
        copy(source.activations.codes, activations.codes, columns)
        copy(source.activations.scale, activations.scale, blocks)
        copy(source.activations.sum, activations.sum, blocks)
        copy(source.activations.scaled_sum, activations.scaled_sum, blocks)
        copy(source.activations.half_sum, activations.half_sum, 2 * blocks)
        copy(source.activations.scaled_half_sum, activations.scaled_half_sum, 2 * blocks)
    }

    /// What quantization made of one block of a token: codes, scale, scale times sum of codes.
    package func block(_ block: Int, token: Int) -> (codes: [Int8], scale: Float, scaledSum: Float) {
        let at = token * columns / 32 + block
        let codes = UnsafeBufferPointer(start: activations.codes + 32 * at, count: 32)
        return (Array(codes), activations.scale[at], activations.scaled_sum[at])
    }
}

extension UnsafeMutablePointer where Pointee: BitwiseCopyable & AdditiveArithmetic {
    /// Memory for `count` zeros, aligned for vectors. The caller frees it with `deallocate`.
    package static func zeroed(_ count: Int) -> Self {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Pointee>.stride, alignment: 64)
        let pointer = raw.bindMemory(to: Pointee.self, capacity: count)
        pointer.initialize(repeating: .zero, count: count)
        return pointer
    }
}
