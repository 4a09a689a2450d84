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

    package init(model: ModelID, committee: Int, nodes: Int, operators: Int) {
        self.model = model
        self.committee = committee
        self.nodes = nodes
        self.operators = operators
    }

    /// Whether a committee of them could decide.
    public func suffices(isDevelopment: Bool) -> Bool {
        nodes >= committee && operators >= (isDevelopment ? 1 : 2)
    }

    /// Whether they might agree as `policy` asks, however the operators' weights are. When not, no committee can decide
    /// before others come, as those who are away have weight too.
    public func mightDecide(_ policy: Policy, isDevelopment: Bool) -> Bool {
        let operatorsAtLeast = isDevelopment ? 1 : 2
        let nodesAtLeast =
            switch policy.rule {
            case .majority, .supermajority: operatorsAtLeast
            case .quorum: max(policy.quorum ?? policy.committee, operatorsAtLeast)
            case .unanimous: policy.committee
            }
        return nodes >= nodesAtLeast && operators >= operatorsAtLeast
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

    /// The workers of a request's model that were heard from within so many seconds; nil when no worker of any model was,
    /// which is no fault of theirs: no aggregator was there to hear them.
    public func workers(for request: Request, within seconds: Int) async throws -> WorkerAvailability? {
        let row = try await pool.query(
            """
            WITH heard AS (SELECT key, models FROM nodes WHERE last_seen > now() - make_interval(secs => $2))
            SELECT count(*) AS heard, count(r.node) AS nodes, count(DISTINCT r.operator) AS operators
            FROM heard LEFT JOIN roster_nodes r ON r.node = heard.key AND r.status = 'active' AND $1 = ANY (heard.models)
            """, [.bytes(request.model.digest.bytes), .int(seconds)]
        ).one()
        guard try row.value("heard", as: Int.self) > 0 else { return nil }
        return WorkerAvailability(
            model: request.model, committee: request.policy.committee, nodes: try row.value("nodes"),
            operators: try row.value("operators"))
    }
}
