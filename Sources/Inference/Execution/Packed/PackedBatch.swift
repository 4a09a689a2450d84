/// A batch with the memory that its steps need.
final class PackedBatch: Batch, @unchecked Sendable {
    let work: Workspace

    init(_ work: Workspace) {
        self.work = work
        super.init(rowLimit: work.rowLimit)
    }

    override func failed(row: Int) -> Bool { work.failed(row) }

    override func hidden(_ output: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: work.final.floats(output), count: work.final.columns)
    }

    override func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: work.logits.row(output % work.logits.count), count: work.logits.length)
    }
}
