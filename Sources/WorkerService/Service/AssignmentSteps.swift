import DNAProtocol
import Inference
import Logging
import NodeState
import ServiceKit

/// Does what an assignment's progress asks for: disk, engine, network.
struct AssignmentSteps: Sendable {
    let journal: WriteOnceStore
    let served: ServedModels
    let aggregator: AggregatorClient
    let setWait: Int
    let logger: Logger
    let metrics: WorkerMetrics
    private let recent = RecentAnswers()

    init(
        journal: WriteOnceStore, served: ServedModels, aggregator: AggregatorClient, setWait: Int,
        logger: Logger, metrics: WorkerMetrics
    ) {
        self.journal = journal
        self.served = served
        self.aggregator = aggregator
        self.setWait = setWait
        self.logger = logger
        self.metrics = metrics
    }

    /// Does `action`, by `end`, and says what came of it.
    func perform(
        _ action: AssignmentProgress.Action, of progress: AssignmentProgress, until end: ContinuousClock.Instant
    ) async throws -> AssignmentProgress.Event {
        switch action {
        case .record(let entry): return .recorded(try journal.record(entry.value, for: entry.key))
        case .compute(let request): return .computed(try await answer(request, progress, until: end))
        case .sendCommitment(let commitment):
            try await aggregator.send(commitment, until: end)
            return .commitmentAccepted
        case .awaitSet:
            return .setClosed(
                try await aggregator.set(request: progress.request, round: progress.round, wait: setWait, until: end))
        case .sendVote(let vote):
            try await aggregator.send(vote, until: end)
            return .voteAccepted
        case .finish: preconditionFailure("nothing is left to do")
        }
    }

    private func answer(
        _ request: Request, _ progress: AssignmentProgress, until end: ContinuousClock.Instant
    ) async throws -> ComputedAnswer {
        if let answer = recent[progress.request] { return answer }
        let began = ContinuousClock.now
        guard let model = served[request.model] else {
            throw ServiceError(.unavailable, "the model is not served any more")
        }
        let answer = try await model.computation.compute(request, isCancelled: { ContinuousClock.now >= end })
        recent.insert(answer, for: progress.request)
        metrics.computed(answer)
        log(
            .info, "computed", progress,
            [
                "prompt_tokens": "\(answer.prompt.tokens.count)", "tokens": "\(answer.output.tokens.count)",
                "finish_reason": "\(answer.output.finishReason.rawValue)",
                "milliseconds": "\(Int((ContinuousClock.now - began) / .milliseconds(1)))",
            ])
        return answer
    }

    /// Logs how an assignment ended.
    func report(_ outcome: AssignmentProgress.Outcome, of progress: AssignmentProgress) {
        switch outcome {
        case .voted:
            metrics.ended(.voted)
            log(.info, "voted", progress)
        case .refused(let reason):
            metrics.ended(.refused)
            log(.warning, "refused", progress, ["reason": "\(reason)"])
        }
    }

    /// Logs that an assignment got no vote.
    func reportAbandoned(_ progress: AssignmentProgress, _ reason: String) {
        metrics.ended(.abandoned)
        log(.warning, "no vote", progress, ["reason": "\(reason)"])
    }

    private func log(
        _ level: Logger.Level, _ message: Logger.Message, _ progress: AssignmentProgress,
        _ metadata: Logger.Metadata = [:]
    ) {
        var metadata = metadata
        metadata["request"] = "\(progress.request)"
        metadata["round"] = "\(progress.round)"
        logger.log(level: level, message, metadata: metadata)
    }
}
