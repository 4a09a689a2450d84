import Glibc

/// Keeps a set of processes running: one that dies is started again after a growing pause, and all end together.
public actor ProcessSupervisor {
    /// What happens to the processes, for a log.
    public enum Event: Sendable, Hashable {
        /// It runs.
        case started(name: String, pid: Int32)
        /// It ended though nobody had asked it to.
        case died(name: String, ProcessExit)
        /// It could not be started again.
        case failed(name: String, reason: String)
        /// It ended because the supervisor had asked it to.
        case stopped(name: String, ProcessExit)
    }

    /// How patient a supervisor is.
    public struct Limits: Sendable {
        /// The pause before the first restart; it doubles with each death in a row.
        public var firstPause: Duration
        /// The longest pause.
        public var longestPause: Duration
        /// A process that ran this long starts with the first pause again.
        public var stableAfter: Duration
        /// The time from SIGTERM to SIGKILL.
        public var grace: Duration

        /// Limits that suit services.
        public init(
            firstPause: Duration = .milliseconds(200), longestPause: Duration = .seconds(10),
            stableAfter: Duration = .seconds(30), grace: Duration = .seconds(10)
        ) {
            self.firstPause = firstPause
            self.longestPause = longestPause
            self.stableAfter = stableAfter
            self.grace = grace
        }
    }

    private struct Entry {
        let name: String
        var child: ChildProcess
        var watch: Task<Void, Never>?
    }

    private let limits: Limits
    private let onEvent: @Sendable (Event) -> Void
    private var entries: [Entry] = []
    private var isStopping = false

    /// A supervisor without a process. Events come in order, one at a time.
    public init(limits: Limits = Limits(), onEvent: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.limits = limits
        self.onEvent = onEvent
    }

    /// Starts a process and keeps it running until `stop()`.
    public func start(_ specification: ProcessSpecification) async throws(ProcessError) {
        guard !isStopping else { throw .supervisorStopped }
        let child = try await ChildProcess.start(specification)
        let index = entries.count
        entries.append(Entry(name: specification.name, child: child))
        onEvent(.started(name: specification.name, pid: child.pid))
        entries[index].watch = Task { await self.watch(index, specification) }
        if isStopping { await stopEntry(index) }
    }

    /// Ends all processes, the last started first, each with SIGTERM and after the grace SIGKILL. Goes through even if
    /// the calling task is cancelled.
    public func stop() async {
        guard !isStopping else { return }
        isStopping = true
        for index in entries.indices.reversed() { await stopEntry(index) }
    }

    private func stopEntry(_ index: Int) async {
        let entry = entries[index]
        entry.watch?.cancel()
        // First the watch, which may be about to start the process again.
        await entry.watch?.value
        let child = entries[index].child
        let wasRunning = child.exit == nil
        let exit = await child.stop(grace: limits.grace)
        if wasRunning { onEvent(.stopped(name: entry.name, exit)) }
    }

    private func watch(_ index: Int, _ specification: ProcessSpecification) async {
        var pause = limits.firstPause
        while !Task.isCancelled {
            let startedAt = ContinuousClock.now
            guard let exit = await entries[index].child.exitUnlessCancelled() else { return }
            onEvent(.died(name: specification.name, exit))
            if startedAt.duration(to: .now) >= limits.stableAfter { pause = limits.firstPause }
            repeat {
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                pause = min(limits.longestPause, pause * 2)
            } while await !restart(index, specification)
        }
    }

    private func restart(_ index: Int, _ specification: ProcessSpecification) async -> Bool {
        do {
            entries[index].child = try await ChildProcess.start(specification)
            onEvent(.started(name: specification.name, pid: entries[index].child.pid))
            return true
        } catch {
            onEvent(.failed(name: specification.name, reason: "\(error)"))
            return false
        }
    }
}
