/// A thread's part of work that is done by a team, or by one thread alone.
struct ThreadShare {
    let index: Int
    private let count: Int
    private let team: ThreadTeam?

    init(_ index: Int, of team: ThreadTeam) {
        self.index = index
        count = team.count
        self.team = team
    }

    private init() { (index, count, team) = (0, 1, nil) }

    /// All of the work.
    static let alone = ThreadShare()

    /// This thread's part of `count` items.
    @inline(__always) func of(_ items: Int) -> Range<Int> {
        items * index / count..<items * (index + 1) / count
    }

    /// This thread's part of items that cost more the later they come.
    @inline(__always) func interleaved(_ items: Int) -> StrideTo<Int> { stride(from: index, to: items, by: count) }

    /// Waits for the other threads.
    @inline(__always) func barrier() { team?.barrier() }
}
