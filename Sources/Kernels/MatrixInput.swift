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
