import Canonical
import DNAProtocol
import GatewayService
import Testing

@Suite(.timeLimit(.minutes(1)))
struct WaitingRegistryTests {
    private let request = RequestID(Digest.ofRaw([1]))
    private let other = RequestID(Digest.ofRaw([2]))
    private let late = ContinuousClock.now + .seconds(3_600)
    private let passed = ContinuousClock.now - .seconds(1)

    @Test func keepsAWakeUpThatComesBeforeTheWait() async throws {
        let registry = WaitingRegistry(limit: 1)
        await registry.withPlace(for: request) { place in
            registry.wake(request)
            #expect(await place.wait(until: late) == .lookAgain)
            #expect(await place.wait(until: passed) == .timedOut)
        }
    }

    @Test func aWakeUpComesBeforeAPassedDeadline() async throws {
        let registry = WaitingRegistry(limit: 1)
        await registry.withPlace(for: request) { place in
            registry.wakeAll()
            #expect(await place.wait(until: passed) == .lookAgain)
        }
    }

    @Test func wakesWhoWaitsAndNobodyElse() async throws {
        let registry = WaitingRegistry(limit: 3)
        let woken = await withTaskGroup(of: RequestID.self) { group in
            for id in [request, request, other] {
                group.addTask {
                    await registry.withPlace(for: id) { _ = await $0.wait(until: late) }
                    return id
                }
            }
            while registry.count < 3 { await Task.yield() }
            registry.wake(request)
            var woken = [await group.next(), await group.next()]
            registry.wake(other)
            woken.append(await group.next())
            return woken
        }
        #expect(woken == [request, request, other])
        #expect(registry.count == 0)
    }

    @Test func wakesEverybodyWhenNotificationsWereLost() async throws {
        let registry = WaitingRegistry(limit: 2)
        await withTaskGroup(of: Void.self) { group in
            for id in [request, other] {
                group.addTask {
                    await registry.withPlace(for: id) { #expect(await $0.wait(until: late) == .lookAgain) }
                }
            }
            while registry.count < 2 { await Task.yield() }
            registry.wakeAll()
        }
    }

    @Test func isBoundedAndGivesPlacesBack() async throws {
        let registry = WaitingRegistry(limit: 1)
        let inner = await registry.withPlace(for: request) { _ in
            await registry.withPlace(for: other) { _ in true }
        }
        #expect(inner == .some(nil))
        #expect(await registry.withPlace(for: other) { _ in true } == true)
    }

    @Test func aCancelledTaskWaitsNoLonger() async throws {
        let registry = WaitingRegistry(limit: 1)
        let (request, late) = (request, late)
        let task = Task { await registry.withPlace(for: request) { await $0.wait(until: late) } }
        while registry.count < 1 { await Task.yield() }
        task.cancel()
        #expect(await task.value == .timedOut)
    }
}
