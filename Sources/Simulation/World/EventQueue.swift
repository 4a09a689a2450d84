/// What happens when: a binary heap by moment, then by the order in which things were put in.
struct EventQueue {
    private struct Entry {
        let moment: Int64
        let number: Int
        let body: () -> Void
    }

    private var heap: [Entry] = []
    private var count = 0

    /// Lets `body` happen at `moment`.
    mutating func add(at moment: Int64, _ body: @escaping () -> Void) {
        heap.append(Entry(moment: moment, number: count, body: body))
        count += 1
        var child = heap.count - 1
        while child > 0, Self.isBefore(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest event out; nil when there is none.
    mutating func next() -> (moment: Int64, body: () -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.moment, first.body)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if Self.isBefore(heap[child], heap[least]) { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        (left.moment, left.number) < (right.moment, right.number)
    }
}
