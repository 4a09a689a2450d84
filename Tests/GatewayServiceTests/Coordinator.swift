import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import Postgres
import Testing

/// The test in the aggregator's place: it writes the rows an aggregator would write.
struct Coordinator: Sendable {
    let network: Network
    let pool: PostgresPool

    init(_ network: Network, _ owner: PostgresPool) {
        self.network = network
        pool = owner
    }

    /// The network without its key, as it is before the signers have met.
    func registerGenesis() async throws {
        try await pool.query(
            "INSERT INTO network (id, genesis) VALUES ($1, $2)",
            [.bytes(try network.genesis.networkID().digest.bytes), try json(network.genesis)])
    }

    func register() async throws {
        try await registerGenesis()
        try await pool.query("UPDATE network SET file = $1", [try json(network.file)])
        let roster = network.roster
        try await pool.query(
            "INSERT INTO rosters (id, epoch, document) VALUES ($1, 1, $2)",
            [.bytes(try roster.roster.rosterID().digest.bytes), try json(roster)])
        let model = try network.model()
        try await pool.query(
            "INSERT INTO models (id, name, manifest, root) VALUES ($1, $2, $3, $4)",
            [
                .bytes(model.id.digest.bytes), .text(model.manifest.name), try json(model.manifest),
                .bytes(model.root.bytes),
            ])
        try await serve(network.nodes.map(\.publicKey))
    }

    /// These nodes, and no others, serve the model.
    func serve(_ nodes: [Ed25519.PublicKey]) async throws {
        let model = PostgresParameter.byteStrings([try network.model().id.digest.bytes])
        try await pool.query("UPDATE nodes SET models = '{}'")
        for node in nodes {
            try await pool.query(
                """
                INSERT INTO nodes (key, models, last_seen) VALUES ($1, $2, now())
                ON CONFLICT (key) DO UPDATE SET models = excluded.models, last_seen = now()
                """, [.bytes(node.bytes), model])
        }
    }

    /// An administrators' word on the model.
    func name(_ alias: String) async throws {
        let model = try network.model()
        let registration = ModelRegistration(
            body: .init(
                network: try network.genesis.networkID(), model: model.id, alias: alias,
                at: Timestamp(seconds: 1_800_000_000)), signatures: [])
        try await pool.query(
            "INSERT INTO model_aliases (alias, model, said_at, document) VALUES ($1, $2, now(), $3)",
            [.text(alias), .bytes(model.id.digest.bytes), try json(registration)])
    }

    /// The one request that is there and open, once it is there.
    func openRequest() async throws -> Request {
        while true {
            let rows = try await pool.query("SELECT document FROM requests WHERE state = 'accepted'")
            if let row = try rows.oneOrNone() {
                return try CanonicalJSON.decode(
                    Request.self, from: Array(try row.value("document", as: String.self).utf8))
            }
            await Task.yield()
        }
    }

    /// No node was heard from for an hour.
    func hearNobody() async throws {
        try await pool.query("UPDATE nodes SET last_seen = now() - interval '1 hour'")
    }

    func requestCount() async throws -> Int {
        try await pool.query("SELECT count(*) AS n FROM requests").one().value("n")
    }

    /// Everything from accepted to certified, with this output.
    func certify(_ request: Request, _ output: Output) async throws {
        let bundle = try network.bundle(request, output)
        let id = PostgresParameter.bytes(try request.requestID().digest.bytes)
        let decision = bundle.certificate.decision
        let decisionID = PostgresParameter.bytes(try decision.decisionID().digest.bytes)
        let document = try json(decision)
        let certificate = try json(bundle)
        try await pool.withTransaction { transaction in
            try await closeRound(request, bundle.evidence.set, in: transaction)
            try await transaction.query(
                "INSERT INTO decisions (request, round, id, document) VALUES ($1, 1, $2, $3)",
                [id, decisionID, document])
            try await transaction.query("UPDATE requests SET state = 'decided' WHERE id = $1", [id])
            try await transaction.query(
                "INSERT INTO certificates (request, bundle) VALUES ($1, $2)", [id, certificate])
            try await transaction.query("UPDATE requests SET state = 'certified' WHERE id = $1", [id])
        }
    }

    /// A round whose votes are for different answers, and the end.
    func failWithoutQuorum(_ request: Request, outputs: [Output]) async throws {
        let (set, votes) = try network.round(request, outputs: outputs)
        let id = PostgresParameter.bytes(try request.requestID().digest.bytes)
        let prompt = PostgresParameter.bytes(try Network.prompt.promptID().digest.bytes)
        let promptDocument = try json(Network.prompt)
        try await pool.withTransaction { transaction in
            try await closeRound(request, set, in: transaction)
            for (vote, output) in zip(votes, outputs) {
                let outputID = PostgresParameter.bytes(try output.outputID().digest.bytes)
                try await transaction.query(
                    """
                    INSERT INTO outputs (request, prompt, output, prompt_document, output_document)
                    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
                    """, [id, prompt, outputID, promptDocument, try json(output)])
                try await transaction.query(
                    "INSERT INTO votes (request, round, node, prompt, output, document) VALUES ($1, 1, $2, $3, $4, $5)",
                    [id, .bytes(vote.body.node.bytes), prompt, outputID, try json(vote)])
            }
            try await transaction.query(
                "UPDATE requests SET state = 'failed', reason = 'no_quorum' WHERE id = $1", [id])
        }
    }

    func end(_ request: Request, _ state: RequestState, reason: String? = nil) async throws {
        try await pool.query(
            "UPDATE requests SET state = $2, reason = $3 WHERE id = $1",
            [.bytes(try request.requestID().digest.bytes), .text(state.rawValue), .optional(reason) { .text($0) }])
    }

    private func closeRound(_ request: Request, _ set: CommitmentSet, in transaction: PostgresTransaction) async throws
    {
        let id = PostgresParameter.bytes(try request.requestID().digest.bytes)
        let randomness = Randomness(of: request, id: try request.requestID())
        try await transaction.query(
            "UPDATE requests SET state = 'seeded', seed = $2 WHERE id = $1", [id, .bytes(randomness.seed.digest.bytes)])
        try await transaction.query(
            """
            INSERT INTO rounds (request, round, roster, committee, commit_deadline)
            VALUES ($1, 1, $2, $3, now() + interval '1 minute')
            """,
            [id, .bytes(try network.roster.roster.rosterID().digest.bytes), try json(try network.committee(request))])
        try await transaction.query("UPDATE requests SET state = 'assigned' WHERE id = $1", [id])
        for (rank, commitment) in set.commitments.enumerated() {
            let node = PostgresParameter.bytes(commitment.body.node.bytes)
            try await transaction.query(
                "INSERT INTO assignments (request, round, node, rank) VALUES ($1, 1, $2, $3::int8::int4)",
                [id, node, .int(rank)])
            try await transaction.query(
                "INSERT INTO commitments (request, round, node, document) VALUES ($1, 1, $2, $3)",
                [id, node, try json(commitment)])
        }
        try await transaction.query(
            "UPDATE rounds SET set_root = $2, vote_deadline = now() + interval '1 minute' WHERE request = $1",
            [id, .bytes(try set.root().bytes)])
        try await transaction.query("UPDATE requests SET state = 'voting' WHERE id = $1", [id])
    }

    private func json(_ value: some Encodable) throws -> PostgresParameter {
        .json(String(decoding: try CanonicalJSON.encode(value), as: UTF8.self))
    }
}
