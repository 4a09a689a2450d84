public import Glibc
import Synchronization

/// What to run, and how.
public struct ProcessSpecification: Sendable {
    /// A name for people and for logs.
    public var name: String
    /// The executable's path.
    public var executable: String
    /// Its arguments, without the executable's own name.
    public var arguments: [String]
    /// Its whole environment: nothing is inherited.
    public var environment: [String: String]
    /// Where its output and errors are appended; nil throws them away.
    public var logFile: String?
    /// The folder it starts in; nil is the parent's.
    public var workingFolder: String?
    /// The account it runs as, when this process may choose; nil is the parent's.
    public var account: UserAccount?
    /// The signal the kernel sends it when this process dies.
    public var parentDeathSignal = ParentDeathSignal.terminate

    /// A process that inherits nothing but what is given here.
    public init(
        name: String, executable: String, arguments: [String] = [], environment: [String: String] = [:],
        logFile: String? = nil, workingFolder: String? = nil, account: UserAccount? = nil
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.logFile = logFile
        self.workingFolder = workingFolder
        self.account = account
    }
}

/// What the kernel may send an orphan, by the names `setpriv` knows.
public enum ParentDeathSignal: String, Sendable {
    /// SIGTERM.
    case terminate = "TERM"
    /// SIGINT, PostgreSQL's fast shutdown.
    case interrupt = "INT"
    /// SIGKILL.
    case kill = "KILL"
}

/// How a process ended.
public enum ProcessExit: Sendable, Hashable {
    /// By itself, with a status.
    case exited(Int32)
    /// By a signal.
    case signalled(Int32)
}

/// Why a process was not started.
public enum ProcessError: Error, Sendable, Hashable {
    /// The system refused, with this `errno`.
    case cannotStart(name: String, errno: Int32)
    /// The supervisor was stopped.
    case supervisorStopped
}

/// One running child: its own process group, its output in a file, no descriptor of the parent's, and a signal when the
/// parent dies.
public final class ChildProcess: Sendable {
    private struct State {
        var exit: ProcessExit?
        var waiters: [CheckedContinuation<ProcessExit, Never>] = []
    }

    /// The process's id, also its group's.
    public let pid: Int32
    private let state = Mutex(State())

    private init(pid: Int32) { self.pid = pid }

    /// Starts a process.
    public static func start(_ specification: ProcessSpecification) async throws(ProcessError) -> ChildProcess {
        try await SpawnThread.shared.run { startFromThisThread(specification) }.get()
    }

    /// Starts a process that the kernel will signal when the calling thread ends.
    package static func startFromThisThread(
        _ specification: ProcessSpecification
    ) -> Result<ChildProcess, ProcessError> {
        spawn(specification).map { pid in
            let child = ChildProcess(pid: pid)
            startThread { child.reap() }
            return child
        }
    }

    /// How it ended, nil while it runs.
    public var exit: ProcessExit? { state.withLock { $0.exit } }

    /// Waits for its end.
    public func waitForExit() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Waits for its end; nil when the calling task is cancelled first.
    func exitUnlessCancelled() async -> ProcessExit? {
        let exit = AsyncStream<ProcessExit>.makeStream()
        let wait = Task {
            exit.continuation.yield(await waitForExit())
            exit.continuation.finish()
        }
        defer { wait.cancel() }
        // An AsyncStream ends at once when its reader is cancelled.
        for await status in exit.stream { return status }
        return nil
    }

    /// Sends a signal to the process alone; nothing when it has ended.
    public func signal(_ number: Int32) { state.withLock { if $0.exit == nil { kill(pid, number) } } }

    /// Asks it to end, and kills its whole group when it has not by the deadline.
    @discardableResult
    public func stop(signal number: Int32 = SIGTERM, grace: Duration) async -> ProcessExit {
        signal(number)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Shielded from the caller's cancellation: stopping is what a cancelled task still has to do.
                let timer = Task.detached { try await Task.sleep(for: grace) }
                defer { timer.cancel() }
                await withTaskGroup(of: Bool.self) { race in
                    race.addTask { await (try? timer.value) != nil }
                    race.addTask {
                        _ = await self.waitForExit()
                        return false
                    }
                    if await race.next() == true { self.killGroup() }
                    timer.cancel()
                }
            }
            return await self.waitForExit()
        }
    }

    private func killGroup() { state.withLock { if $0.exit == nil { kill(-pid, SIGKILL) } } }

    /// Waits on a thread of its own. The id stays ours until the lock is held, so that no signal hits a stranger.
    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let waiters = state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            state.exit = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
            defer { state.waiters = [] }
            return state.waiters.map { ($0, state.exit) }
        }
        for (waiter, exit) in waiters { if let exit { waiter.resume(returning: exit) } }
    }
}
