import DNAProtocol
import Synchronization

/// An assignment in hand.
struct TakenAssignment: Sendable {
    let assignment: Assignment
    let place: AssignmentPlace

    init(_ assignment: Assignment) throws {
        self.assignment = assignment
        place = AssignmentPlace(request: try assignment.request.requestID(), round: assignment.committee.round)
    }
}

/// What a worker has taken and not ended: assignments that are computed, which its polls name, and votes that wait for
/// their sets.
final class AssignmentsInHand: Sendable {
    struct State {
        fileprivate(set) var computing: [AssignmentPlace: ModelID] = [:]
        fileprivate(set) var voting = 0
        /// Attempts that failed in a row, polls and computations alike.
        fileprivate(set) var failures = 0

        var isEmpty: Bool { computing.isEmpty && voting == 0 }
    }

    /// How the way to a commitment ended.
    enum Outcome {
        case committed, refused, failed
    }

    private struct Shared {
        var state = State()
        var listener: AsyncStream<Void>.Continuation?
    }

    private let shared = Mutex(Shared())

    var state: State { shared.withLock(\.state) }

    /// Names what is computed, in a fixed order; nil for nothing.
    var places: [AssignmentPlace]? {
        let places = state.computing.keys
        return places.isEmpty ? nil : places.sorted()
    }

    /// False when it is in hand already.
    func take(_ taken: TakenAssignment) -> Bool {
        shared.withLock { $0.state.computing.updateValue(taken.assignment.request.model, forKey: taken.place) == nil }
    }

    /// It is computed no more; a commitment's vote is awaited from now on.
    func release(_ place: AssignmentPlace, _ outcome: Outcome) {
        change { state in
            state.computing[place] = nil
            if outcome == .committed { state.voting += 1 }
            state.failures = outcome == .failed ? state.failures + 1 : 0
        }
    }

    /// A vote is through, or given up.
    func endVote() { change { $0.voting -= 1 } }

    func notePoll(failed: Bool) { change { $0.failures = failed ? $0.failures + 1 : 0 } }

    private func change(_ body: (inout State) -> Void) {
        shared.withLock { shared in
            body(&shared.state)
            shared.listener?.yield()
        }
    }

    /// Waits for the condition; returns without it when the task is cancelled. One task waits at a time.
    func wait(until condition: @Sendable (State) -> Bool) async {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        shared.withLock { $0.listener = continuation }
        continuation.yield()
        for await _ in changes where condition(state) { return }
    }
}
