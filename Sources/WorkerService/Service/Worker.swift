public import DNAProtocol
import Foundation
public import HTTPTransport
import Inference
public import Logging
import NodeState
public import ServiceKit
public import ServiceLifecycle

/// A node that takes assignments, computes them, and votes.
///
/// It takes as many assignments as its engines run at a time, each of which computes its own together; votes wait for
/// their sets meanwhile. Every step repeats the same bytes when it is repeated, so the worker may be killed at any moment.
public final class Worker: Service {
    private let identity: NodeIdentity
    private let check: AssignmentCheck
    private let pollTemplate: AssignmentPoll.Body
    private let steps: AssignmentSteps
    private let unfinished: UnfinishedAssignments
    private let refused = RefusedAssignments()
    private let hands = AssignmentsInHand()
    private let served: ServedModels
    private let takeUp: ModelTakeUp?
    private let aggregator: AggregatorClient
    private let contact = AggregatorContact()
    private let membership: Membership?
    private let rosters: KnownRoster
    private let pacing: WorkerPacing
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// A worker that begins when it runs.
    ///
    /// - Parameters:
    ///   - client: shared with nobody; its connections outlive the worker's calls.
    ///   - now: the time of day, which is written into polls and measures deadlines, and nothing else.
    public init(
        _ parts: WorkerParts, pacing: WorkerPacing = WorkerPacing(), client: HTTPClient, logger: Logger,
        metrics: MetricsRegistry = MetricsRegistry(), now: @escaping @Sendable () -> Timestamp = Worker.timeOfDay
    ) throws {
        let measured = WorkerMetrics(metrics)
        identity = NodeIdentity(key: parts.key)
        check = try AssignmentCheck(
            genesis: parts.genesis, node: identity.node, models: [], roster: nil)
        let served = ServedModels(parts.models)
        self.served = served
        pollTemplate = AssignmentPoll.Body(
            network: try parts.genesis.networkID(), node: identity.node, models: [], wait: 0,
            at: now())
        var retry = RetryPolicy()
        retry.maximum = pacing.longestPause
        aggregator = AggregatorClient(
            clients: parts.aggregators.map { JSONClient(client, origin: $0, retry: .never) }, retry: retry,
            callDeadline: pacing.callDeadline)
        steps = AssignmentSteps(
            journal: try WriteOnceStore(folder: parts.statePath + "/journal"), served: served,
            aggregator: aggregator, setWait: pacing.setWait, logger: logger, metrics: measured)
        unfinished = try UnfinishedAssignments(folder: parts.statePath + "/unfinished")
        membership = parts.admission.map { [identity, aggregator, pollTemplate] in
            Membership(
                $0, identity: identity, network: pollTemplate.network, aggregator: aggregator, now: now, logger: logger)
        }
        takeUp = parts.loader.map { [aggregator, hands] in
            ModelTakeUp(
                loader: $0, served: served, hands: hands, aggregator: aggregator, pacing: pacing, logger: logger)
        }
        rosters = KnownRoster(parts.roster, genesis: parts.genesis, aggregator: aggregator)
        self.pacing = pacing
        self.now = now
        self.logger = logger
    }

    /// The system's clock.
    public static func timeOfDay() -> Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    /// What `/readyz` reports.
    public var healthChecks: [HealthCheck] {
        let (contact, membership, served) = (contact, membership, served)
        return [
            HealthCheck("model") {
                guard !served.ids.isEmpty else { throw ServiceError(.unavailable, "no model is served yet") }
            },
            HealthCheck("aggregator") { try contact.check() },
            HealthCheck("roster") {
                guard membership?.isActive != false else { throw ServiceError(.unavailable, "waiting to be admitted") }
            },
        ]
    }

    /// Returns when an invited node is on the roster and has its certificate; at once for any other. Throws when the node
    /// was revoked, or the task is cancelled.
    public func admitted() async throws {
        try await membership?.joined(wait: pacing.pollWait)
    }

    /// Works until graceful shutdown or cancellation. Then no work is taken, and pending votes get a moment.
    public func run() async throws {
        logger.info("working", metadata: ["node": "\(identity.node)", "models": "\(served.ids)"])
        await withDiscardingTaskGroup { group in
            group.addTask { await self.membership?.keepCertificate(every: self.pacing.certificateInterval) }
            group.addTask { await self.takeUp?.run() }
            await self.takeWork()
            group.cancelAll()
        }
        if !Task.isCancelled { await membership?.leaveIfAsked() }
        logger.info("stopped")
    }

    private func takeWork() async {
        await withDiscardingTaskGroup { group in
            var left = unfinished.all()
            while !Task.isCancelled, !Task.isShuttingDownGracefully {
                let next = left.firstIndex(where: mayGoOn).map { left.remove(at: $0) }
                let taken = await cancelWhenGracefulShutdown { await self.take(next) }
                if let taken { group.addTask { await self.bringToItsEnd(taken) } }
            }
            await drain()
            group.cancelAll()
        }
    }

    /// What was left waits for its model, should that be taken up again, until its time is over.
    private func mayGoOn(_ left: Assignment) -> Bool {
        served[left.request.model] != nil || left.deadline < now()
    }

    /// Pending votes get a moment.
    private func drain() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [hands] in await hands.wait { $0.isEmpty } }
            group.addTask { [pacing] in try? await Task.sleep(for: pacing.drain) }
            await group.next()
            group.cancelAll()
        }
    }

    /// An assignment that was committed to, and the moment after which nobody waits for its vote.
    private struct Work: Sendable {
        var progress: AssignmentProgress
        let end: ContinuousClock.Instant
    }

    /// Takes an assignment into hand as soon as there is room for one: one that was left from before, or asks for one.
    /// Nil when there is none now.
    private func take(_ left: Assignment?) async -> TakenAssignment? {
        do {
            await hands.wait { [served, pacing] in
                served.hasRoom(besides: $0.computing.values) && $0.voting < pacing.pendingVotes
            }
            try Task.checkCancellation()
            var assignment = left
            if assignment == nil { assignment = try await ask() }
            guard let assignment else { return nil }
            let taken = try TakenAssignment(assignment)
            guard hands.take(taken) else {
                throw ServiceError(.badUpstream, "an assignment that is in hand was sent again")
            }
            return taken
        } catch is CancellationError {
            return nil
        } catch {
            hands.notePoll(failed: true)
            logger.warning("no work was taken", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func ask() async throws -> Assignment? {
        let failures = hands.state.failures
        if failures > 0 { try await Task.sleep(for: aggregator.delay(after: failures)) }
        if let membership, !membership.isActive {
            let isIn = try await membership.join(wait: contact.isHeld ? pacing.pollWait : 0)
            contact.answered()
            hands.notePoll(failed: false)
            if !isIn { try await Task.sleep(for: aggregator.delay(after: 1)) }
            return nil
        }
        if let assignment = try await poll() { return assignment }
        hands.notePoll(failed: false)
        try await Task.sleep(for: aggregator.delay(after: 1))
        return nil
    }

    private func poll() async throws -> Assignment? {
        var body = pollTemplate
        // The first poll, and the first one after a failure, ask at once whether anybody is there.
        body.wait = contact.isHeld ? pacing.pollWait : 0
        body.at = now()
        body.refused = refused.current(at: body.at)
        body.inHand = hands.places
        do {
            return try await served.untilChange { [body] models in
                try await self.poll(body, for: models)
            }
        } catch let error as ServiceError {
            contact.lost(error.message)
            if error.code == .permissionDenied { membership?.lost() }
            steps.metrics.polled(.failed)
            throw error
        }
    }

    private func poll(_ body: AssignmentPoll.Body, for models: [ModelID]) async throws -> Assignment? {
        var body = body
        body.models = models
        steps.metrics.serves(models.count)
        let assignment = try await aggregator.poll(AssignmentPoll(body: body, key: identity.key))
        contact.answered()
        steps.metrics.polled(assignment == nil ? .empty : .assigned)
        return assignment
    }

    private func bringToItsEnd(_ taken: TakenAssignment) async {
        await RequestTrace.$id.withValue(taken.place.request.hex) {
            // What is not committed to is sent again.
            guard let work = await cancelWhenGracefulShutdown({ await self.commit(taken) }) else { return }
            steps.metrics.voting.increment(by: 1)
            await vote(work)
            steps.metrics.voting.decrement(by: 1)
            hands.endVote()
        }
    }

    /// Nil when it was refused, or failed.
    private func commit(_ taken: TakenAssignment) async -> Work? {
        steps.metrics.computing.increment(by: 1)
        defer { steps.metrics.computing.decrement(by: 1) }
        do {
            let work = try await bringToCommitment(taken.assignment)
            hands.release(taken.place, work == nil ? .refused : .committed)
            return work
        } catch {
            forget(taken.assignment)
            hands.release(taken.place, .failed)
            if !(error is CancellationError) {
                logger.warning("an assignment was not brought to its end", metadata: ["error": "\(error)"])
            }
            return nil
        }
    }

    /// Nil when it is refused.
    private func bringToCommitment(_ assignment: Assignment) async throws -> Work? {
        let left = assignment.deadline.seconds - now().seconds
        let end = ContinuousClock.now + .seconds(max(0, left)) + pacing.grace
        guard .seconds(left) + pacing.grace > .zero else {
            throw ServiceError(.deadlineExceeded, "nobody waits for it any more")
        }
        var progress = try AssignmentProgress(assignment, identity: identity)
        let roster = await rosters.epoch(assignment.committee.roster)
        var action = try progress.begin(check.serving(served.published, against: roster))
        while true {
            switch action {
            case .awaitSet: return Work(progress: progress, end: end)
            case .finish(let outcome):
                steps.report(outcome, of: progress)
                // Before the commitment there is one way to end.
                refused.insert(assignment, progress.request)
                unfinished.remove(assignment)
                return nil
            default:
                if case .sendCommitment = action { try unfinished.insert(assignment) }
                action = try progress.handle(try await steps.perform(action, of: progress, until: end))
            }
        }
    }

    /// What failed is not tried again, unless this worker was only told to stop.
    private func forget(_ assignment: Assignment) {
        if !Task.isCancelled { unfinished.remove(assignment) }
    }

    private func vote(_ work: Work) async {
        var progress = work.progress
        var action = AssignmentProgress.Action.awaitSet
        do {
            while true {
                if case .finish(let outcome) = action {
                    unfinished.remove(progress.assignment)
                    return steps.report(outcome, of: progress)
                }
                action = try progress.handle(try await steps.perform(action, of: progress, until: work.end))
            }
        } catch is CancellationError {
            steps.reportAbandoned(progress, "the worker stops")
        } catch {
            steps.reportAbandoned(progress, "\(error)")
            forget(progress.assignment)
        }
    }
}
