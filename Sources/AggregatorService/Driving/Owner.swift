import CoordinatorStore
import DNAProtocol
import Logging
import Postgres
import Synchronization

/// Claims requests without an owner, drives them, and keeps their leases alive.
final class Owner: Sendable {
    private let context: DriverContext
    private let held = Mutex<[RequestID: Lease]>([:])

    /// A claim that finds what somebody else is just taking asks again after this long.
    private static let shortestPause: Duration = .milliseconds(100)
    /// A claim that failed is repeated after this long.
    private static let failurePause: Duration = .seconds(1)

    init(context: DriverContext) { self.context = context }

    private var options: AggregatorOptions { context.options }

    /// How many requests are driven.
    var count: Int { held.withLock { $0.count } }

    /// Runs until cancelled. Then the leases go back, so that another replica need not wait for their end.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepLeases() }
            await self.claim(into: &group)
        }
        let rest = held.withLock { Array($0.values) }
        guard !rest.isEmpty else { return }
        let store = context.store
        // On its own, because this task is cancelled; if it fails the leases end by themselves.
        await Task { try? await store.release(rest) }.value
    }

    private func claim(into group: inout DiscardingTaskGroup) async {
        var hasStarted = false
        while !Task.isCancelled {
            let capacity = options.requestsAtOnce - held.withLock { $0.count }
            var pause: Duration?
            do {
                if !hasStarted {
                    // What a predecessor of this name has left behind.
                    try await context.store.releaseAll(of: options.replicaName)
                    hasStarted = true
                }
                if capacity > 0 {
                    let leases = try await context.store.claim(
                        owner: options.replicaName, limit: capacity, seconds: options.leaseSeconds)
                    for lease in leases { start(lease, in: &group) }
                    if leases.count == capacity { continue }
                    pause = try await pauseUntilNextExpiry()
                }
            } catch {
                if Task.isCancelled { return }
                context.logger.error("claim failed", metadata: ["reason": "\(error)"])
                pause = Self.failurePause
            }
            await rest(pause)
        }
    }

    /// Until the first lease of another replica ends, but no longer than a lease lasts: a claim that is not committed yet,
    /// or whose answer was lost, is not among those that can be seen, and nobody announces that it was taken.
    private func pauseUntilNextExpiry() async throws -> Duration {
        let next = try await context.store.secondsToNextExpiry(besides: options.replicaName)
        return max(.seconds(min(next ?? .infinity, options.leaseSeconds)), Self.shortestPause)
    }

    private func rest(_ pause: Duration?) async {
        let free = context.doorbells.free
        if let pause {
            await free.wait { try await Task.sleep(for: pause) }
        } else {
            await free.wait()
        }
    }

    private func start(_ lease: Lease, in group: inout DiscardingTaskGroup) {
        held.withLock { $0[lease.request] = lease }
        group.addTask {
            await RequestDriver(context: self.context, lease: lease).run()
            self.stopped(lease)
        }
    }

    private func stopped(_ lease: Lease) {
        // A cancelled driver has not ended its request: the lease is still to be given back.
        guard !Task.isCancelled else { return }
        let wasFull = held.withLock { held in
            let wasFull = held.count >= options.requestsAtOnce
            if held[lease.request] == lease { held[lease.request] = nil }
            return wasFull
        }
        if wasFull { context.doorbells.free.wake() }
    }

    /// Prolongs all leases three times in their length. Who has lost one finds out with its next write.
    private func keepLeases() async {
        while (try? await Task.sleep(for: .seconds(options.leaseSeconds / 3))) != nil {
            let leases = held.withLock { Array($0.values) }
            guard !leases.isEmpty else { continue }
            do {
                let kept = try await context.store.renew(leases, seconds: options.leaseSeconds)
                for lease in leases where !kept.contains(lease) { context.doorbells.ballots.wake(lease.request) }
            } catch {
                context.logger.warning("leases not renewed", metadata: ["reason": "\(error)"])
            }
        }
    }
}
