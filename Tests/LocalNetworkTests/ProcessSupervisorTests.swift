import Foundation
import LocalNetwork
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProcessSupervisorTests {
    private let quick = ProcessSupervisor.Limits(
        firstPause: .milliseconds(1), longestPause: .milliseconds(4), grace: .milliseconds(200))

    private func shell(_ name: String, _ script: String, log: String? = nil) -> ProcessSpecification {
        ProcessSpecification(
            name: name, executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"],
            logFile: log)
    }

    @Test func givesTheChildItsArgumentsEnvironmentAndNothingElse() async throws {
        let log = "/tmp/dna-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: log) }
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        var specification = shell(
            "a", #"echo "$COLOUR $HOME"; ls /proc/self/fd | wc -l; pwd; ps -o pgid= -p $$"#, log: log)
        specification.environment["COLOUR"] = "red"
        specification.workingFolder = "/usr"
        let child = try await ChildProcess.start(specification)
        #expect(await child.waitForExit() == .exited(0))
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        // Standard input, output, error, and the folder that `ls` reads.
        #expect(lines == ["red", "4", "/usr", String(child.pid)])
    }

    @Test func restartsWhatDies() async throws {
        let events = AsyncStream<ProcessSupervisor.Event>.makeStream()
        let supervisor = ProcessSupervisor(limits: quick) { events.continuation.yield($0) }
        try await supervisor.start(shell("mortal", "exec sleep 600"))
        var iterator = events.stream.makeAsyncIterator()
        guard case .started("mortal", let pid) = await iterator.next() else { return #expect(Bool(false)) }
        kill(pid, SIGKILL)
        #expect(await iterator.next() == .died(name: "mortal", .signalled(SIGKILL)))
        guard case .started("mortal", let again) = await iterator.next() else { return #expect(Bool(false)) }
        #expect(again != pid)
        await supervisor.stop()
        #expect(await iterator.next() == .stopped(name: "mortal", .signalled(SIGTERM)))
        #expect(kill(again, 0) != 0)
    }

    @Test func stopsInReverseOrderAndKillsTheDeaf() async throws {
        let events = Mutex<[ProcessSupervisor.Event]>([])
        let supervisor = ProcessSupervisor(limits: quick) { event in events.withLock { $0.append(event) } }
        let log = "/tmp/dna-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: log) }
        try await supervisor.start(shell("deaf", "trap '' TERM; echo ready; while :; do sleep 600; done", log: log))
        try await supervisor.start(shell("polite", "exec sleep 600"))
        while (try? String(contentsOfFile: log, encoding: .utf8)) != "ready\n" { await Task.yield() }
        await supervisor.stop()
        let ends = events.withLock { $0.suffix(2) }
        #expect(
            ends == [
                .stopped(name: "polite", .signalled(SIGTERM)), .stopped(name: "deaf", .signalled(SIGKILL)),
            ])
        await #expect(throws: ProcessError.supervisorStopped) { try await supervisor.start(shell("late", "true")) }
    }

    @Test func theKernelEndsAChildWhoseKeeperIsGone() async throws {
        // To the kernel the keeper is a thread; here it is one that ends at once, in production one that never does.
        let specification = shell("orphan", "exec sleep 600")
        let child = try await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let outcome = ChildProcess.startFromThisThread(specification)
                // Before it has become itself it has not yet asked for the signal.
                while let child = try? outcome.get(), child.exit == nil, !isSleeping(child.pid) { sched_yield() }
                continuation.resume(returning: outcome)
            }
        }.get()
        #expect(await child.waitForExit() == .signalled(SIGTERM))
    }
}

private func isSleeping(_ pid: Int32) -> Bool {
    (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) == "sleep\n"
}
