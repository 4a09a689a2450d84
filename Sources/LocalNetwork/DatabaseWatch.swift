/// Starts the private PostgreSQL again when it ends without having been asked to.
struct DatabaseWatch: Sendable {
    private static let name = "postgres"

    let cluster: PostgresCluster
    let limits: ProcessSupervisor.Limits
    let onEvent: @Sendable (ProcessSupervisor.Event) -> Void

    /// Watches while `body` runs, and while `finally` does, whose processes still want their database. It is for the
    /// caller to stop the server afterwards.
    func during<Value: Sendable>(
        _ body: () async -> Value, finally: () async -> Void
    ) async -> Value {
        onEvent(.started(name: Self.name, pid: cluster.pid))
        // Not a child of the caller's task: that may be cancelled before the services have ended.
        let watch = Task { await run() }
        let value = await body()
        await finally()
        watch.cancel()
        await watch.value
        return value
    }

    private func run() async {
        var pause = limits.firstPause
        while true {
            let startedAt = ContinuousClock.now
            guard let exit = await cluster.exitUnlessCancelled() else { return }
            onEvent(.died(name: Self.name, exit))
            if startedAt.duration(to: .now) >= limits.stableAfter { pause = limits.firstPause }
            repeat {
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                pause = min(limits.longestPause, pause * 2)
            } while await !restart()
        }
    }

    private func restart() async -> Bool {
        do {
            try await cluster.restart()
            onEvent(.started(name: Self.name, pid: cluster.pid))
            return true
        } catch {
            onEvent(.failed(name: Self.name, reason: "\(error)"))
            return false
        }
    }
}
