/// Feeds given tokens and shows the outputs.
final class ScoreJob: SequenceJob, @unchecked Sendable {
    typealias Visit = @Sendable (Int, UnsafeMutableBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
    private let visit: Visit
    private var failure: Int?
    private let completion: @Sendable (Result<Int?, EngineError>) -> Void

    init(
        _ tokens: [TokenID], from first: Int, control: JobControl, visit: @escaping Visit,
        completion: @escaping @Sendable (Result<Int?, EngineError>) -> Void
    ) {
        self.visit = visit
        self.completion = completion
        super.init(tokens: tokens, firstOutput: first, capacity: tokens.count, drawsTokens: false, control: control)
    }

    override func take(_ output: Output) { visit(output.position, output.logits, output.hidden) }

    override func fail(position: Int) {
        failure = position
        super.fail(position: position)
    }

    override func complete() {
        if let stopReason { return completion(.failure(stopReason)) }
        completion(.success(failure))
    }
}
