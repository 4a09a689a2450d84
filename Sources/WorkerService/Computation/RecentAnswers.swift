import DNAProtocol
import Synchronization

/// The answers computed last, by request: a later round of a request needs no second computation.
final class RecentAnswers: Sendable {
    private struct Entry {
        let request: RequestID
        let answer: ComputedAnswer
    }

    /// Answers kept; the least recently used goes first.
    private static let capacity = 32

    private let entries = Mutex<[Entry]>([])

    subscript(request: RequestID) -> ComputedAnswer? {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.request == request }) else { return nil }
            let entry = entries.remove(at: index)
            entries.append(entry)
            return entry.answer
        }
    }

    func insert(_ answer: ComputedAnswer, for request: RequestID) {
        entries.withLock { entries in
            entries.removeAll { $0.request == request }
            if entries.count == Self.capacity { entries.removeFirst() }
            entries.append(Entry(request: request, answer: answer))
        }
    }
}
