/// A batch with its results.
final class ReferenceBatch: Batch, @unchecked Sendable {
    private typealias Values = UnsafeMutableBufferPointer<Float>
    private var results: [Int: (hidden: Values, logits: Values)] = [:]
    private var failures: Set<Int> = []

    deinit { clear() }

    func clear() {
        for (hidden, logits) in results.values {
            hidden.deallocate()
            logits.deallocate()
        }
        results = [:]
        failures = []
    }

    func fail(row: Int) { failures.insert(row) }

    func keep(hidden: [Float], logits: [Float], output: Int) { results[output] = (copy(hidden), copy(logits)) }

    private func copy(_ values: [Float]) -> Values {
        let buffer = Values.allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
        return buffer
    }

    override func failed(row: Int) -> Bool { failures.contains(row) }
    override func hidden(_ output: Int) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(result(output).hidden) }
    override func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float> { result(output).logits }

    private func result(_ output: Int) -> (hidden: Values, logits: Values) {
        guard let result = results[output] else { preconditionFailure("no such output") }
        return result
    }
}
