import DNAProtocol
import Synchronization

/// What this node will not work on, for as long as it could be sent again. A restart forgets it, and refuses again.
final class RefusedAssignments: Sendable {
    private let ends = Mutex<[AssignmentPlace: Timestamp]>([:])

    /// Remembers a refusal; of too many the one that ends first goes.
    func insert(_ assignment: Assignment, _ request: RequestID) {
        ends.withLock { ends in
            ends[AssignmentPlace(request: request, round: assignment.committee.round)] = assignment.deadline
            if ends.count > AssignmentPoll.Body.maximumRefused,
                let first = ends.min(by: { $0.value < $1.value })
            {
                ends[first.key] = nil
            }
        }
    }

    /// Those that could still be sent; nil for none.
    func current(at now: Timestamp) -> [AssignmentPlace]? {
        let places = ends.withLock { ends in
            ends = ends.filter { $0.value >= now }
            return Array(ends.keys)
        }
        return places.isEmpty ? nil : places.sorted()
    }
}
