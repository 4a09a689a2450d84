public import DNAProtocol
public import Postgres

/// How many workers a model has now.
public struct WorkerAvailability: Hashable, Sendable {
    /// The model.
    public let model: ModelID
    /// How many members a committee of the model's own policy has.
    public let committee: Int
    /// Active nodes that serve the model and were heard from lately.
    public let nodes: Int
    /// Their operators.
    public let operators: Int

    /// Whether a committee of them could decide.
    public func suffices(isDevelopment: Bool) -> Bool {
        nodes >= committee && operators >= (isDevelopment ? 1 : 2)
    }

    /// What the model that comes nearest to its policy lacks, in numbers; nil when some model has enough.
    public static func shortage(of models: [WorkerAvailability], isDevelopment: Bool) -> String? {
        guard !models.contains(where: { $0.suffices(isDevelopment: isDevelopment) }) else { return nil }
        guard let nearest = models.max(by: { $0.nodes - $0.committee < $1.nodes - $1.committee }) else {
            return "no model is registered"
        }
        let nodes = "\(nearest.nodes) of the \(nearest.committee) workers it takes are there"
        return nearest.nodes < nearest.committee ? nodes : nodes + ", all of one operator"
    }

    /// Every registered model's workers that were heard from within so many seconds, in either role.
    public static func read(in pool: PostgresPool, within seconds: Int) async throws -> [WorkerAvailability] {
        let rows = try await pool.query(
            """
            SELECT m.id, m.manifest, count(DISTINCT r.node) AS nodes, count(DISTINCT r.operator) AS operators
            FROM models m
                LEFT JOIN nodes n ON m.id = ANY (n.models) AND n.last_seen > now() - make_interval(secs => $1)
                LEFT JOIN roster_nodes r ON r.node = n.key AND r.status = 'active'
            WHERE m.root IS NOT NULL AND NOT is_withdrawn(m.id) GROUP BY m.id ORDER BY m.id
            """, [.int(seconds)])
        return try rows.map { row in
            let manifest: Manifest = try row.document("manifest", of: "models")
            return WorkerAvailability(
                model: ModelID(try row.digest("id")), committee: manifest.policy.committee,
                nodes: try row.value("nodes"), operators: try row.value("operators"))
        }
    }
}

extension AggregatorStore {
    /// Every registered model's workers that were heard from within so many seconds.
    public func workers(within seconds: Int) async throws -> [WorkerAvailability] {
        try await WorkerAvailability.read(in: pool, within: seconds)
    }
}

extension RequestStore {
    /// Every registered model's workers that were heard from within so many seconds.
    public func workers(within seconds: Int) async throws -> [WorkerAvailability] {
        try await WorkerAvailability.read(in: pool, within: seconds)
    }
}
