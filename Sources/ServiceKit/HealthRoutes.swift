import HTTPTypes
public import Hummingbird

/// Something a service needs before it can serve.
public struct HealthCheck: Sendable {
    /// What is checked, as operators call it.
    public let name: String
    /// Whether the service is not ready without it.
    public let isRequired: Bool
    let check: @Sendable () async throws -> Void

    /// A check that throws when the thing is not there. A `ServiceError`'s message is shown, any other error's is not.
    public init(_ name: String, isRequired: Bool = true, _ check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.isRequired = isRequired
        self.check = check
    }
}

/// The answer of `/readyz`.
public struct Readiness: Codable, Hashable, Sendable {
    /// One check's result.
    public struct Check: Codable, Hashable, Sendable {
        /// What was checked.
        public let name: String
        /// Whether it is there.
        public let ready: Bool
        /// Whether the service counts as ready without it.
        public let required: Bool
        /// Why not.
        public let detail: String?

        package init(_ name: String, ready: Bool, required: Bool = true, detail: String? = nil) {
            self.name = name
            self.ready = ready
            self.required = required
            self.detail = detail
        }
    }

    /// Whether all required checks passed.
    public let ready: Bool
    /// The checks in the order given.
    public let checks: [Check]

    package init(ready: Bool, checks: [Check]) {
        self.ready = ready
        self.checks = checks
    }
}

extension Router where Context == ServiceContext {
    /// Adds `/healthz` (the process is alive) and `/readyz` (every required check passes: 200; otherwise 503). However
    /// many ask, the checks run at most once in ``ReadinessBoard/lifetime``.
    public func addHealthRoutes(checks: [HealthCheck], timeout: Duration = .seconds(2)) {
        addHealthRoutes(ReadinessBoard { await Readiness.determine(checks, timeout: timeout) })
    }

    /// The same, over a board of the caller's.
    package func addHealthRoutes(_ board: ReadinessBoard) {
        getJSON("healthz") { _, _ in ["status": "ok"] }
        get("readyz") { _, _ -> Response in
            let readiness = await board.readiness()
            return try .json(readiness, status: readiness.ready ? .ok : .serviceUnavailable)
        }
    }
}

extension Readiness {
    static func determine(_ checks: [HealthCheck], timeout: Duration) async -> Readiness {
        let results = await withTaskGroup(of: (Int, Check).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await run(check, timeout: timeout)) }
            }
            var results: [(Int, Check)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Readiness(ready: results.allSatisfy { $0.ready || !$0.required }, checks: results)
    }

    private static func run(_ check: HealthCheck, timeout: Duration) async -> Check {
        let detail = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await check.check()
                    return nil
                } catch {
                    return (error as? ServiceError)?.message ?? "not available"
                }
            }
            group.addTask {
                // Cancelled when the check was faster.
                try? await Task.sleep(for: timeout)
                return "no answer in time"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        return Check(check.name, ready: detail == nil, required: check.isRequired, detail: detail)
    }
}
