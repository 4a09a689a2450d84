/// Rows of floats, one for each row of a batch unless said otherwise, padded to whole groups of 16. Their memory is the
/// system's until it is written, and means nothing before.
///
/// Threads write different parts between barriers; that is why it may cross them unchecked.
final class TokenRows: @unchecked Sendable {
    let length: Int
    let count: Int
    let stride: Int
    private let base: UnsafeMutablePointer<Float>

    init(_ length: Int, rows: Int) {
        self.length = length
        count = rows
        stride = (length + 15) / 16 * 16
        base = .allocate(capacity: stride * rows)
    }

    deinit { base.deallocate() }
    @inline(__always) func row(_ row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }
}
