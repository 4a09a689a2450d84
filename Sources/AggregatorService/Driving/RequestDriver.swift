import Consensus
import CoordinatorStore
import DNAProtocol
import Logging
import Postgres
import ServiceKit

/// Everything a request's owner needs beside the request.
struct DriverContext: Sendable {
    let options: AggregatorOptions
    let network: NetworkID
    let store: AggregatorStore
    let rosters: RosterCache
    let doorbells: Doorbells
    let signers: [SignerConnection]
    let keys: GroupKeys
    let clock: any WallClock
    let logger: Logger
    let metrics: AggregatorMetrics
}

/// A decision to be signed, with what the certificate's bundle needs.
struct SigningTask: Sendable {
    let decision: Decision
    let evidence: Evidence
    let prompt: Prompt
    let output: Output
}

/// What to do once a step's transaction has committed.
enum NextMove: Sendable {
    /// Nothing until something arrives or this moment comes.
    case wait(until: Timestamp)
    /// Ask the signers.
    case sign(SigningTask)
    /// The request has ended.
    case end
}

/// Drives one request for as long as its lease holds. It keeps nothing that is not in the rows: a driver that starts on
/// the same rows goes on with the same step.
struct RequestDriver: Sendable {
    let context: DriverContext
    let lease: Lease
    let logger: Logger

    /// Pauses after failures that may pass.
    private static let pauses: (first: Duration, longest: Duration) = (.milliseconds(50), .seconds(2))

    init(context: DriverContext, lease: Lease) {
        self.context = context
        self.lease = lease
        var logger = context.logger
        logger[metadataKey: "request"] = .string(lease.request.hex)
        self.logger = logger
    }

    /// Returns when the request has ended, when the lease is lost, or when the task is cancelled.
    func run() async {
        await RequestTrace.$id.withValue(lease.request.hex) { await drive() }
    }

    private func drive() async {
        await context.doorbells.ballots.waiting(for: lease.request) { wakeup in
            var pause = Self.pauses.first
            var signing = SigningEffort(context: context, lease: lease, logger: logger)
            var subject: RequestCourse?
            while !Task.isCancelled {
                do {
                    if subject == nil { subject = try await loadSubject() }
                    guard let subject, try await move(subject, wakeup, &signing) else { return }
                    pause = Self.pauses.first
                } catch StoreError.leaseLost {
                    logger.notice("lease lost")
                    return
                } catch {
                    if Task.isCancelled { return }
                    logger.error("step failed", metadata: ["reason": "\(error)"])
                    let current = pause
                    await wakeup.wait { try await Task.sleep(for: current) }
                    pause = min(pause * 2, Self.pauses.longest)
                }
            }
        }
    }

    /// One step and what follows; false at the end.
    private func move(
        _ subject: RequestCourse, _ wakeup: Wakeup, _ signing: inout SigningEffort
    ) async throws -> Bool {
        switch try await step(subject) {
        case .end: return false
        case .wait(let moment):
            let clock = context.clock
            await wakeup.wait { try await clock.sleep(until: moment) }
            return true
        case .sign(let task): return try await !signing.attempt(task)
        }
    }

    /// One state change, or the finding that there is none to make.
    private func step(_ subject: RequestCourse) async throws -> NextMove {
        try await context.store.withLease(lease) { owned in
            try await RequestStep(
                context: context, subject: subject, owned: owned, now: context.clock.now(), logger: logger
            ).take()
        }
    }

    /// The request with its model. Nil when it breaks the protocol's rules, which ends it.
    private func loadSubject() async throws -> RequestCourse? {
        do {
            guard let request = try await context.store.request(lease.request),
                let model = try await context.store.model(request.model)
            else { throw InvalidField("request.model", "is not registered") }
            return try RequestCourse(lease.request, request, model, genesis: context.options.genesis)
        } catch let error as InvalidField {
            logger.error("invalid request", metadata: ["reason": "\(error)"])
        } catch StoreError.documentInvalid(let table) {
            logger.error("invalid document", metadata: ["table": "\(table)"])
        }
        try await context.store.withLease(lease) { try await $0.fail(FailureReason.invalidRequest.rawValue) }
        context.metrics.failed(.invalidRequest)
        return nil
    }
}
