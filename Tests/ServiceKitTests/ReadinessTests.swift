import HTTPTypes
import ServiceKit
import Synchronization
import Testing

@Suite struct ReadinessTests {
    private let asked = Counter()

    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func increase() { value.withLock { $0 += 1 } }
    }

    @Test func howeverManyAskTheChecksRunOnce() async {
        let asked = asked
        let board = ReadinessBoard {
            asked.increase()
            await Task.yield()
            return Readiness(ready: true, checks: [])
        }
        let ready = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { await board.readiness().ready } }
            return await group.reduce(into: 0) { count, isReady in count += isReady ? 1 : 0 }
        }
        #expect(ready == 100)
        #expect(asked.count == 1)
    }

    @Test func aFindingIsNotShownForLong() async {
        let asked = asked
        let now = ManualNow()
        let board = ReadinessBoard(now: now.callAsFunction) {
            asked.increase()
            return Readiness(ready: asked.count == 1, checks: [])
        }
        #expect(await board.readiness().ready)
        now.advance(by: ReadinessBoard.lifetime / 2)
        #expect(await board.readiness().ready)
        now.advance(by: ReadinessBoard.lifetime)
        #expect(await !board.readiness().ready)
    }

    @Test func whoeverAskedFirstMayLeave() async {
        let gate = AsyncStream.makeStream(of: Void.self)
        let board = ReadinessBoard {
            for await _ in gate.stream { break }
            return Readiness(ready: !Task.isCancelled, checks: [])
        }
        let first = Task { await board.readiness().ready }
        first.cancel()
        let second = Task { await board.readiness().ready }
        gate.continuation.finish()
        #expect(await first.value)
        #expect(await second.value)
    }

    @Test func theRouteAsksTheBoard() async throws {
        let asked = asked
        let now = ManualNow()
        let router = ServiceRouter.service()
        router.addHealthRoutes(
            ReadinessBoard(now: now.callAsFunction) {
                asked.increase()
                return Readiness(ready: asked.count == 1, checks: [])
            })
        try await withService(router) { _, client, origin in
            func status() async throws -> HTTPResponse.Status {
                try await client.send(.get, "/readyz", to: origin).status
            }
            for _ in 0..<3 {
                let first = try await status()
                #expect(first == .ok)
            }
            #expect(asked.count == 1)
            now.advance(by: ReadinessBoard.lifetime)
            let second = try await status()
            #expect(second == .serviceUnavailable)
        }
    }
}

/// A clock that a test moves.
private final class ManualNow: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    func callAsFunction() -> ContinuousClock.Instant { instant.withLock { $0 } }
    func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}
