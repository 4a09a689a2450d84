import Canonical
import Consensus
import CoordinatorStore
import Cryptography
import DNAProtocol
import Postgres
import TestKit
import Testing

/// A network of three nodes whose keys the test holds, registered in a database of its own.
struct Fixture: Sendable {
    let genesis: Genesis
    let administrator = Ed25519.SigningKey()
    let roster: SignedRoster
    let nodes: [Ed25519.PublicKey: Ed25519.SigningKey]
    let manifest: Manifest
    let database: CoordinatorDatabase
    let gateway: RequestStore
    let store: AggregatorStore

    /// Runs `body` with a fresh fixture, and closes its connections afterwards.
    static func run(_ body: (Fixture) async throws -> Void) async throws {
        let fixture = try await Fixture()
        do {
            try await body(fixture)
        } catch {
            await fixture.database.close()
            throw error
        }
        await fixture.database.close()
    }

    private init() async throws {
        let keys = (0..<3).map { _ in Ed25519.SigningKey() }
        nodes = Dictionary(uniqueKeysWithValues: keys.map { ($0.publicKey, $0) })
        genesis = Genesis(
            name: "test", development: false, createdAt: Timestamp(seconds: 1_800_000_000),
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(
                threshold: 3,
                members: (1...4).map {
                    .init(
                        identifier: $0, identity: Ed25519.SigningKey().publicKey,
                        encryption: X25519.SecretKey().publicKey)
                }),
            policyBounds: .init(maximumCommittee: 16, spareRanks: 2))
        roster = try Self.sign(
            Roster(
                network: try genesis.networkID(), epoch: 1, previous: nil,
                operators: keys.indices.map { .init(name: "operator-\($0)", weight: 1) },
                nodes: keys.enumerated().map { .init(key: $1.publicKey, operator: "operator-\($0)") }), administrator)
        manifest = Manifest(
            name: "test", licence: "Apache-2.0", contextLength: 2048, chatTemplate: "gguf", sampling: Sampling(),
            policy: Policy(rule: .majority, committee: 3),
            files: [.init(name: "model.gguf", role: .weights, size: 1, sha256: Digest.of("test", []))])
        database = try await SharedCluster.coordinatorDatabase()
        gateway = RequestStore(pool: database.gateway)
        store = AggregatorStore(pool: database.aggregator)
        try await store.register(genesis)
        try await store.register(roster)
        try await store.register(PublishedModel(ofSmallFiles: manifest))
    }

    func model() throws -> PublishedModel { try PublishedModel(ofSmallFiles: manifest) }

    static func sign(_ roster: Roster, _ key: Ed25519.SigningKey) throws -> SignedRoster {
        SignedRoster(
            roster: roster, signatures: [.init(administrator: key.publicKey, signature: try roster.signed(by: key))])
    }

    func request(_ prompt: String = "Hello") throws -> Request {
        Request(
            network: try genesis.networkID(), model: try model().id, input: .init(prompt: prompt),
            sampling: Sampling(), maximumTokens: 16, policy: manifest.policy)
    }

    func committee(_ request: Request, round: Int = 1) throws -> Committee {
        let randomness = Randomness(of: request, id: try request.requestID())
        let members = CommitteeRanking(of: roster.roster, randomness: randomness.ranking)
            .choose(size: 3, spareRanks: 2) { _ in true }
        return Committee(
            network: try genesis.networkID(), roster: try roster.roster.rosterID(), request: try request.requestID(),
            round: round, members: members)
    }

    /// What `node` submits when it computes `text`; `salt` tells two runs of a dishonest node apart.
    func ballot(
        _ request: Request, _ committee: Committee, _ node: Ed25519.PublicKey, text: String = "Paris",
        salt: String = "salt"
    ) throws -> NodeBallot {
        let prompt = Prompt(tokens: [1, 2, 3])
        let output = Output(tokens: Array(text.utf8).map(Int.init), text: text, finishReason: .stop)
        let result = Vote.Result(
            prompt: try prompt.promptID(), output: output, trace: Digest.of("trace", Array(text.utf8)))
        let body = try Vote.Body(
            request: request, randomness: Randomness(of: request, id: try request.requestID()), committee: committee,
            node: node, result: result)
        return NodeBallot(
            body: body, prompt: prompt, output: output, salt: Digest.of(salt, node.bytes),
            key: try #require(nodes[node]))
    }

    /// Asks, claims, seeds and opens round 1.
    func assigned(_ request: Request, owner: String = "one") async throws -> (lease: Lease, committee: Committee) {
        _ = try await gateway.accept(request, lifetime: 60)
        let lease = try #require(try await store.claim(owner: owner, limit: 1, seconds: 60).first)
        let committee = try committee(request)
        try await store.withLease(lease) { owned in
            try await owned.seed(Randomness(of: request, id: try request.requestID()).seed)
            try await owned.openRound(committee, commitDeadline: Self.later)
        }
        return (lease, committee)
    }

    /// Goes on to `voting`: every member commits to the same answer.
    func voting(_ request: Request) async throws -> (lease: Lease, set: CommitmentSet, ballots: [NodeBallot]) {
        let (lease, committee) = try await assigned(request)
        let ballots = try committee.members.map { try ballot(request, committee, $0.node) }
        for ballot in ballots { #expect(try await store.add(try ballot.commitment()) == .recorded) }
        let set = CommitmentSet(round: 1, commitments: try ballots.map { try $0.commitment() })
        try await store.withLease(lease) {
            try await $0.closeSet(of: 1, root: try set.root(), voteDeadline: Self.later)
        }
        return (lease, set, ballots)
    }

    /// Goes on to `decided`.
    func decided(_ request: Request) async throws -> (lease: Lease, decision: Decision) {
        let (lease, set, ballots) = try await voting(request)
        for ballot in ballots { #expect(try await store.add(try ballot.submission(in: set)) == .recorded) }
        let votes = try ballots.map { try $0.submission(in: set).vote }
        let decision = try #require(
            try Decision(winners: votes, set: try set.root(), decidedAt: Timestamp(seconds: 1_800_000_100)))
        try await store.withLease(lease) { try await $0.decide(decision) }
        return (lease, decision)
    }

    /// Far in the future.
    static let later = Timestamp(seconds: 4_000_000_000)

    /// Ends a lease as time would.
    func endLease(_ lease: Lease) async throws {
        try await database.owner.query(
            "UPDATE requests SET lease_until = now() - interval '1 second' WHERE id = $1",
            [.bytes(lease.request.digest.bytes)])
    }

    /// When a lease ends, by the database's clock.
    func leaseEnd(_ lease: Lease) async throws -> PostgresTimestamp {
        let rows = try await database.owner.query(
            "SELECT lease_until FROM requests WHERE id = $1", [.bytes(lease.request.digest.bytes)])
        return try rows.one().value("lease_until")
    }

    func state(_ request: Request) async throws -> RequestState? {
        try await gateway.find(try request.requestID())?.state
    }
}

/// What one node has to say in one round.
struct NodeBallot {
    let body: Vote.Body
    let prompt: Prompt
    let output: Output
    let salt: Digest
    let key: Ed25519.SigningKey

    func commitment() throws -> Commitment {
        let statement = Commitment.Body(
            network: body.network, request: body.request, round: body.round, committee: body.committee,
            node: body.node, opening: try Opening(vote: body, salt: salt).digest())
        return Commitment(body: statement, signature: try statement.signed(by: key))
    }

    func submission(in set: CommitmentSet) throws -> VoteSubmission {
        VoteSubmission(
            vote: try Vote(body: body, set: try set.root(), salt: salt, key: key), prompt: prompt, output: output)
    }
}

/// The constraint or SQLSTATE by which the database refuses `body`.
func refusal(_ body: () async throws -> Void) async throws -> ServerFailure? {
    do {
        try await body()
        return nil
    } catch PostgresError.server(let failure) {
        return failure
    }
}
