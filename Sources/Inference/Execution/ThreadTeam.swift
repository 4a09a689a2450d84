import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads that run one function together, each with its index; the caller of `run` is thread 0.
///
/// One run is one wake-up; inside it the threads meet at `barrier`. With one thread nothing waits for anything.
final class ThreadTeam: @unchecked Sendable {
    let count: Int
    // Written by thread 0 before the others wake and after they are done.
    private var body: ((Int) -> Void)?
    private let start = Gate()
    private let meeting = Gate()
    private let arrived = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private var threads: [pthread_t] = []

    /// `cpus`, which is not empty, pins thread i to `cpus[i % cpus.count]` for i ≥ 1; thread 0 belongs to the caller.
    /// Throws when a thread cannot be started or its float environment is not the default one.
    init(count: Int, cpus: [Int]?) throws(EngineError) {
        precondition(count >= 1)
        self.count = count
        guard FloatEnvironment.isExact else { throw .floatEnvironment }
        do throws(EngineError) {
            for index in 1..<count {
                let member = Member(team: self, index: index, cpu: cpus.map { $0[index % $0.count] })
                threads.append(try startThread { member.work() })
            }
            guard allExact() else { throw .floatEnvironment }
        } catch {
            stop()
            throw error
        }
    }

    private let ready = Gate()
    private let inexact = Atomic<Bool>(false)

    /// Every member looks at its own environment before it is ready.
    private func allExact() -> Bool {
        var seen = ready.now
        while seen < count - 1 {
            ready.wait(past: seen)
            seen = ready.now
        }
        return !inexact.load(ordering: .acquiring)
    }

    /// Runs `body(index)` on every thread; returns when all are done. Allocates nothing; a caller that runs a closure with
    /// captures often makes it once.
    func run(_ body: @escaping (Int) -> Void) {
        guard count > 1 else { return body(0) }
        self.body = body
        start.advance()
        body(0)
        barrier()
        self.body = nil
    }

    /// Waits until every thread of the team has come here.
    func barrier() {
        guard count > 1 else { return }
        let seen = meeting.now
        if arrived.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue == count {
            arrived.store(0, ordering: .sequentiallyConsistent)
            meeting.advance()
        } else {
            meeting.wait(past: seen)
        }
    }

    /// Ends and joins the threads; the team cannot run again.
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        start.advance()
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private final class Member {
        let team: ThreadTeam
        let index: Int
        let cpu: Int?
        init(team: ThreadTeam, index: Int, cpu: Int?) {
            self.team = team
            self.index = index
            self.cpu = cpu
        }

        func work() {
            var seen = 0
            if let cpu { _ = Processor.pin(to: cpu) }  // a refusal costs speed, not correctness
            if !FloatEnvironment.isExact { team.inexact.store(true, ordering: .releasing) }
            team.ready.advance()
            while true {
                team.start.wait(past: seen)
                seen += 1
                if team.stopping.load(ordering: .acquiring) { return }
                team.body?(index)
                team.barrier()
            }
        }
    }
}
