import DNAProtocol
import TestKit
import Testing
import WorkerService

/// Which registered model comes next.
@Suite struct TakeUpPlanTests {
    private let first: RegisteredModel
    private let second: RegisteredModel
    private let start = ContinuousClock.now
    private var plan = TakeUpPlan(pause: .seconds(30), longestPause: .seconds(100))

    init() throws {
        var fixture = try Fixture()
        first = try fixture.registered()
        fixture.manifest.name = "another"
        second = try fixture.registered()
    }

    private func next(_ served: [ModelID] = [], at seconds: Int) -> ModelID? {
        plan.next(besides: served, now: start + .seconds(seconds))?.model.id
    }

    @Test mutating func takesInOrderWhatIsNotServed() {
        #expect(next(at: 0) == nil)
        plan.note([first, second])
        #expect(next(at: 0) == first.model.id)
        #expect(next([first.model.id], at: 0) == second.model.id)
        #expect(next([first.model.id, second.model.id], at: 0) == nil)
    }

    @Test mutating func aModelThatFailsKeepsNoOtherBack() {
        plan.note([first, second])
        _ = plan.fail(first, "unreachable", now: start)
        #expect(next(at: 0) == second.model.id)
        #expect(next([second.model.id], at: 29) == nil)
        #expect(next([second.model.id], at: 30) == first.model.id)
    }

    @Test mutating func pausesGrowToTheLongestAndAReasonIsSaidOnce() {
        plan.note([first])
        var (now, pauses, said): (Int, [Int], [Bool]) = (0, [], [])
        for _ in 0..<4 {
            said.append(plan.fail(first, "unreachable", now: start + .seconds(now)))
            let due = (now...).first { next(at: $0) != nil } ?? 0
            pauses.append(due - now)
            now = due
        }
        #expect(pauses == [30, 60, 100, 100])
        #expect(said == [true, false, false, false])
        let isSaid = plan.fail(first, "wrong bytes", now: start)
        #expect(isSaid)
    }

    @Test mutating func aNewWordIsTriedAtOnce() {
        plan.note([first])
        _ = plan.fail(first, "unreachable", now: start)
        plan.note([first])
        #expect(next(at: 1) == nil, "it is the same word")
        var again = first
        again.registration.body.sources = ["https://host/#\(first.model.id)"]
        plan.note([again])
        #expect(next(at: 1) == first.model.id)
    }

    @Test mutating func whatWasWithdrawnIsServedForAWhile() {
        func ended(_ taken: [ModelID], at seconds: Int) -> [ModelID] {
            plan.ended(among: taken, grace: .seconds(10), now: start + .seconds(seconds))
        }
        let taken = [first.model.id, second.model.id]
        plan.note([first, second])
        #expect(ended(taken, at: 0).isEmpty)
        plan.note([second])
        #expect(ended(taken, at: 20).isEmpty)
        #expect(ended(taken, at: 29).isEmpty)
        #expect(ended(taken, at: 30) == [first.model.id])
        // Registered again, and withdrawn again, it counts anew.
        plan.note([first, second])
        #expect(ended(taken, at: 31).isEmpty)
        plan.note([])
        #expect(ended(taken, at: 32).isEmpty)
        #expect(ended([second.model.id], at: 42) == [second.model.id])
    }

    @Test mutating func whatIsNoLongerRegisteredIsForgotten() {
        plan.note([first, second])
        plan.note([second])
        #expect(next(at: 0) == second.model.id)
        #expect(next([second.model.id], at: 0) == nil)
    }
}
