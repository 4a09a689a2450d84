/// Page indices in the order of their arrival; any can be taken out. Allocates once.
struct PageQueue {
    private var next: [Int32]
    private var previous: [Int32]
    private(set) var count = 0

    /// Each page is in the queue at most once. The last slot is the ring's head.
    init(capacity: Int) {
        next = Array(repeating: Int32(capacity), count: capacity + 1)
        previous = next
    }

    private var head: Int { next.count - 1 }

    mutating func append(_ page: Int32) {
        let last = previous[head]
        (next[Int(last)], previous[Int(page)]) = (page, last)
        (next[Int(page)], previous[head]) = (Int32(head), page)
        count += 1
    }

    mutating func remove(_ page: Int32) {
        let (before, after) = (previous[Int(page)], next[Int(page)])
        (next[Int(before)], previous[Int(after)]) = (after, before)
        count -= 1
    }

    mutating func popFirst() -> Int32? {
        guard count > 0 else { return nil }
        let first = next[head]
        remove(first)
        return first
    }
}
