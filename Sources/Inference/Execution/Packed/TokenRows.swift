import Kernels

/// A row of floats for each row of a batch, padded to whole groups of 16.
final class TokenRows: @unchecked Sendable {
    let length: Int
    let stride: Int
    private let base: UnsafeMutablePointer<Float>

    init(_ length: Int, rows: Int) {
        self.length = length
        stride = (length + 15) / 16 * 16
        base = .zeroed(stride * rows)
    }

    deinit { base.deallocate() }
    @inline(__always) func row(_ row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }
}
