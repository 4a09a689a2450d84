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
/// One computation runs at a time, because the engine is one; votes wait for their sets meanwhile. Every step repeats
/// the same bytes when it is repeated, so the worker may be killed at any moment.
public final class Worker: Service {
    private let identity: NodeIdentity
    private let check: AssignmentCheck
    private let pollTemplate: AssignmentPoll.Body
    private let steps: AssignmentSteps
    private let unfinished: UnfinishedAssignments
    private let refused = RefusedAssignments()
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
        let manifest = parts.computation.manifest
        let measured = WorkerMetrics(metrics)
        identity = NodeIdentity(key: parts.key)
        check = try AssignmentCheck(
            genesis: parts.genesis, node: identity.node, manifests: [manifest], roster: nil)
        pollTemplate = AssignmentPoll.Body(
            network: try parts.genesis.networkID(), node: identity.node, models: [try manifest.modelID()], wait: 0,
            at: now())
        var retry = RetryPolicy()
        retry.maximum = pacing.longestPause
        aggregator = AggregatorClient(
            clients: parts.aggregators.map { JSONClient(client, origin: $0, retry: .never) }, retry: retry,
            callDeadline: pacing.callDeadline)
        steps = AssignmentSteps(
            journal: try WriteOnceStore(folder: parts.statePath + "/journal"), computation: parts.computation,
            aggregator: aggregator, setWait: pacing.setWait, logger: logger, metrics: measured)
        unfinished = try UnfinishedAssignments(folder: parts.statePath + "/unfinished")
        membership = parts.admission.map { [identity, aggregator, pollTemplate] in
            Membership(
                $0, identity: identity, network: pollTemplate.network, aggregator: aggregator, now: now, logger: logger)
        }
        rosters = KnownRoster(parts.roster, genesis: parts.genesis, aggregator: aggregator)
        self.pacing = pacing
        self.now = now
        self.logger = logger
    }

    /// The system's clock.
    public static func timeOfDay() -> Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    /// What `/readyz` reports. The model is loaded before a worker exists.
    public var healthChecks: [HealthCheck] {
        let contact = contact
        let membership = membership
        return [
            HealthCheck("model") {}, HealthCheck("aggregator") { try contact.check() },
            HealthCheck("roster") {
                guard membership?.isActive != false else { throw ServiceError(.unavailable, "waiting to be admitted") }
            },
        ]
    }

    /// Returns when an invited node is on the roster and has its certificate; at once for any other. Throws when the node
    /// was revoked, or the task is cancelled.
    public func admitted() async throws {
        guard let membership else { return }
        var failures = 0
        while !membership.isActive {
            do {
                if try await membership.join(wait: pacing.pollWait) { return }
                failures = 1
            } catch let error as ServiceError {
                if (error.cause as? Problem)?.type == "urn:dna:problem:revoked" { throw error }
                logger.warning("not admitted yet", metadata: ["reason": "\(error.message)"])
                failures += 1
            }
            try await Task.sleep(for: aggregator.delay(after: failures))
        }
    }

    /// Works until graceful shutdown or cancellation. Then no work is taken, and pending votes get a moment.
    public func run() async throws {
        logger.info("working", metadata: ["node": "\(identity.node)", "model": "\(pollTemplate.models[0])"])
        await withDiscardingTaskGroup { group in
            group.addTask { await self.membership?.keepCertificate(every: self.pacing.certificateInterval) }
            await self.takeWork()
            group.cancelAll()
        }
        if !Task.isCancelled { await membership?.leaveIfAsked() }
        logger.info("stopped")
    }

    private func takeWork() async {
        await withTaskGroup(of: Ended.self) { group in
            var pending = 0
            var failures = 0
            var left = unfinished.all()[...]
            while !Task.isCancelled, !Task.isShuttingDownGracefully {
                if pending == pacing.pendingVotes, await group.next() != nil { pending -= 1 }
                let next = left.popFirst()
                let taken = await cancelWhenGracefulShutdown { [failures] in
                    await self.takeOne(next, failures: failures)
                }
                switch taken {
                case .nothing: failures = 0
                case .failed: failures += 1
                case .committed(let work):
                    failures = 0
                    pending += 1
                    group.addTask {
                        await self.finish(work)
                        return .vote
                    }
                }
            }
            group.addTask { [pacing] in
                // Cancelled once every vote is through.
                try? await Task.sleep(for: pacing.drain)
                return .patience
            }
            while pending > 0, let ended = await group.next(), ended == .vote { pending -= 1 }
            group.cancelAll()
        }
    }

    private enum Ended { case vote, patience }

    private enum Taken: Sendable {
        case nothing
        case failed
        case committed(Work)
    }

    /// An assignment that was committed to, and the moment after which nobody waits for its vote.
    private struct Work: Sendable {
        var progress: AssignmentProgress
        let end: ContinuousClock.Instant
    }

    /// Asks for an assignment, unless one was left from before, and brings it to the commitment. Until it is committed
    /// to, it would be sent again.
    private func takeOne(_ left: Assignment?, failures: Int) async -> Taken {
        do {
            if let left { return try await commit(left) }
            if failures > 0 { try await Task.sleep(for: aggregator.delay(after: failures)) }
            if let membership, !membership.isActive {
                let isIn = try await membership.join(wait: contact.isHeld ? pacing.pollWait : 0)
                contact.answered()
                if !isIn { try await Task.sleep(for: aggregator.delay(after: 1)) }
                return .nothing
            }
            guard let assignment = try await poll() else {
                try await Task.sleep(for: aggregator.delay(after: 1))
                return .nothing
            }
            steps.metrics.computing.increment(by: 1)
            defer { steps.metrics.computing.decrement(by: 1) }
            return try await RequestTrace.$id.withValue(try assignment.request.requestID().hex) {
                try await commit(assignment)
            }
        } catch is CancellationError {
            return .failed
        } catch {
            logger.warning("an assignment was not brought to its end", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    private func poll() async throws -> Assignment? {
        var body = pollTemplate
        // The first poll, and the first one after a failure, ask at once whether anybody is there.
        body.wait = contact.isHeld ? pacing.pollWait : 0
        body.at = now()
        body.refused = refused.current(at: body.at)
        do {
            let assignment = try await aggregator.poll(AssignmentPoll(body: body, key: identity.key))
            contact.answered()
            steps.metrics.polled(assignment == nil ? .empty : .assigned)
            return assignment
        } catch let error as ServiceError {
            contact.lost(error.message)
            if error.code == .permissionDenied { membership?.lost() }
            steps.metrics.polled(.failed)
            throw error
        }
    }

    private func commit(_ assignment: Assignment) async throws -> Taken {
        do {
            let taken = try await bringToCommitment(assignment)
            if case .failed = taken { unfinished.remove(assignment) }
            return taken
        } catch {
            forget(assignment)
            throw error
        }
    }

    private func bringToCommitment(_ assignment: Assignment) async throws -> Taken {
        let left = assignment.deadline.seconds - now().seconds
        let end = ContinuousClock.now + .seconds(max(0, left)) + pacing.grace
        guard .seconds(left) + pacing.grace > .zero else { return .failed }
        var progress = try AssignmentProgress(assignment, identity: identity)
        let roster = await rosters.epoch(assignment.committee.roster)
        var action = try progress.begin(check.against(roster))
        while true {
            switch action {
            case .awaitSet: return .committed(Work(progress: progress, end: end))
            case .finish(let outcome):
                steps.report(outcome, of: progress)
                // Before the commitment there is one way to end.
                refused.insert(assignment, progress.request)
                unfinished.remove(assignment)
                return .nothing
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

    private func finish(_ work: Work) async {
        steps.metrics.voting.increment(by: 1)
        defer { steps.metrics.voting.decrement(by: 1) }
        await RequestTrace.$id.withValue(work.progress.request.hex) { await vote(work) }
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
