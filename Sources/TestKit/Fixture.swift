package import Canonical
package import Consensus
package import Cryptography
package import DNAProtocol

/// A small network whose keys the test holds, and the work of its nodes.
package struct Fixture: Sendable {
    package var genesis: Genesis
    package let administrator = Ed25519.SigningKey()
    /// A second administrator, where two must sign.
    package let second = Ed25519.SigningKey()
    package var roster: SignedRoster
    package var nodes: [Ed25519.PublicKey: Ed25519.SigningKey]
    package var manifest: Manifest
    /// By identifier, from 1.
    package let identities: [Int: Ed25519.SigningKey]
    /// By identifier, from 1.
    package let encryptions: [Int: X25519.SecretKey]

    /// A node that is not the fixture's was asked to act.
    package struct UnknownNode: Error {}

    /// `operators` lists each operator's weight and number of nodes; of `administrators`, 1 or 2, all must sign.
    package init(
        operators: [(weight: Int, nodes: Int)] = [(1, 1), (1, 1), (1, 1)], development: Bool = false,
        policy: Policy = Policy(rule: .majority, committee: 3), spareRanks: Int = 2, signers count: Int = 4,
        threshold: Int = 3, administrators: Int = 1
    ) throws {
        let identities = Dictionary(uniqueKeysWithValues: (1...count).map { ($0, Ed25519.SigningKey()) })
        let encryptions = Dictionary(uniqueKeysWithValues: (1...count).map { ($0, X25519.SecretKey()) })
        self.identities = identities
        self.encryptions = encryptions
        let signers = (1...count).compactMap { number -> Genesis.Signer? in
            guard let identity = identities[number], let encryption = encryptions[number] else { return nil }
            return .init(identifier: number, identity: identity.publicKey, encryption: encryption.publicKey)
        }
        genesis = Genesis(
            name: "test", development: development, createdAt: Timestamp(seconds: 1_800_000_000),
            administrators: .init(
                keys: Array([administrator.publicKey, second.publicKey].prefix(administrators)),
                threshold: administrators),
            signers: .init(threshold: threshold, members: signers),
            policyBounds: .init(maximumCommittee: 16, spareRanks: spareRanks))
        var nodes: [Ed25519.PublicKey: Ed25519.SigningKey] = [:]
        var entries: [Roster.Node] = []
        for (index, entry) in operators.enumerated() {
            for _ in 0..<entry.nodes {
                let key = Ed25519.SigningKey()
                nodes[key.publicKey] = key
                entries.append(.init(key: key.publicKey, operator: "operator-\(index)"))
            }
        }
        self.nodes = nodes
        let body = Roster(
            network: try genesis.networkID(), epoch: 1, previous: nil,
            operators: operators.enumerated().map { .init(name: "operator-\($0.offset)", weight: $0.element.weight) },
            nodes: entries)
        roster = SignedRoster(
            roster: body,
            signatures: try [administrator, second].prefix(administrators).map {
                .init(administrator: $0.publicKey, signature: try body.signed(by: $0))
            })
        manifest = Manifest(
            name: "test", licence: "Apache-2.0", contextLength: 2048, chatTemplate: "gguf", sampling: Sampling(),
            policy: policy,
            files: [.init(name: "model.gguf", role: .weights, size: 1, sha256: Digest.of("test", []))])
    }

    /// The model whose manifest that is.
    package func model() throws -> PublishedModel { try PublishedModel(ofSmallFiles: manifest) }

    /// That model with the word of all administrators that must sign.
    package func registered(alias: String? = nil, sources: [String]? = nil) throws -> RegisteredModel {
        try registered(try model(), alias: alias, sources: sources)
    }

    /// A model with the word of all administrators that must sign.
    package func registered(
        _ model: PublishedModel, alias: String? = nil, sources: [String]? = nil, at time: Timestamp? = nil
    ) throws -> RegisteredModel {
        let body = ModelRegistration.Body(
            network: try genesis.networkID(), model: model.id, alias: alias, sources: sources,
            at: time ?? genesis.createdAt)
        let keys = [administrator, second].prefix(genesis.administrators.threshold)
        let signatures = try keys.map { key in
            AdministratorSignature(administrator: key.publicKey, signature: try body.signed(by: key))
        }
        return RegisteredModel(
            registration: ModelRegistration(body: body, signatures: signatures), model: model)
    }

    package func request(_ prompt: String = "Hello", policy: Policy? = nil) throws -> Request {
        Request(
            network: try genesis.networkID(), model: try model().id, input: .init(prompt: prompt),
            sampling: Sampling(), maximumTokens: 16, policy: policy ?? manifest.policy)
    }

    package func ranking(_ request: Request) throws -> CommitteeRanking {
        let randomness = Randomness(of: request, id: try request.requestID())
        return CommitteeRanking(of: roster.roster, randomness: randomness.ranking)
    }

    package func committee(_ request: Request, size: Int? = nil, round: Int = 1) throws -> Committee {
        let members = try ranking(request).choose(
            size: size ?? request.policy.committee, spareRanks: genesis.policyBounds.spareRanks
        ) { _ in true }
        return Committee(
            network: try genesis.networkID(), roster: try roster.roster.rosterID(), request: try request.requestID(),
            round: round, members: members)
    }

    /// What a member that computes `text` votes.
    package func body(_ request: Request, _ committee: Committee, _ node: Ed25519.PublicKey, text: String) throws
        -> Vote.Body
    {
        let output = Output(tokens: Array(text.utf8).map(Int.init), text: text, finishReason: .stop)
        let result = Vote.Result(
            prompt: try Prompt(tokens: [1, 2, 3]).promptID(), output: output,
            trace: Digest.of("trace", Array(text.utf8)))
        return try Vote.Body(
            request: request, randomness: Randomness(of: request, id: try request.requestID()), committee: committee,
            node: node, result: result)
    }

    private func key(of node: Ed25519.PublicKey) throws -> Ed25519.SigningKey {
        guard let key = nodes[node] else { throw UnknownNode() }
        return key
    }

    package func salt(_ node: Ed25519.PublicKey) -> Digest { Digest.of("salt", node.bytes) }

    package func commitment(to body: Vote.Body) throws -> Commitment {
        let statement = Commitment.Body(
            network: body.network, request: body.request, round: body.round, committee: body.committee,
            node: body.node, opening: try Opening(vote: body, salt: salt(body.node)).digest())
        return Commitment(body: statement, signature: try statement.signed(by: key(of: body.node)))
    }

    /// A whole round in which every member computes what `text` gives for its place.
    package func evidence(
        _ request: Request, size: Int? = nil, round: Int = 1, text: (Int) -> String = { _ in "Paris" }
    ) throws -> Evidence {
        let committee = try committee(request, size: size, round: round)
        let bodies = try committee.members.enumerated().map { index, member in
            try body(request, committee, member.node, text: text(index))
        }
        let set = CommitmentSet(round: committee.round, commitments: try bodies.map(commitment))
        let root = try set.root()
        let votes = try bodies.map { body in
            try Vote(body: body, set: root, salt: salt(body.node), key: key(of: body.node))
        }
        return Evidence(
            request: request, model: try model(), roster: roster, committee: committee, set: set, votes: votes)
    }

    /// The next roster epoch: the same nodes, unless `change` says otherwise.
    package func nextRoster(
        after earlier: SignedRoster? = nil, _ change: (inout Roster) throws -> Void = { _ in }
    ) throws -> SignedRoster {
        let current = (earlier ?? roster).roster
        var next = Roster(
            network: current.network, epoch: current.epoch + 1, previous: try current.rosterID(),
            operators: current.operators, nodes: current.nodes)
        try change(&next)
        next.nodes.sort { $0.key < $1.key }
        return SignedRoster(
            roster: next,
            signatures: [.init(administrator: administrator.publicKey, signature: try next.signed(by: administrator))])
    }

    /// An invitation of an operator of the first epoch, by the administrator unless `key` says otherwise.
    package func invitation(
        to name: String = "operator-0", uses: Int = 1, expiresAt: Timestamp = Timestamp(seconds: 4_000_000_000),
        network: NetworkID? = nil, signedBy key: Ed25519.SigningKey? = nil
    ) throws -> Invitation {
        let body = Invitation.Body(
            network: try network ?? genesis.networkID(), operator: name, serial: SystemRandom.bytes(count: 16),
            uses: uses, expiresAt: expiresAt)
        return try Invitation(body: body, key: key ?? administrator)
    }

    /// A node's request to join.
    package func join(
        _ key: Ed25519.SigningKey, by invitations: [Invitation], at time: Timestamp
    ) throws -> JoinRequest {
        let body = JoinRequest.Body(
            network: try genesis.networkID(), node: key.publicKey, invitations: invitations, at: time)
        return try JoinRequest(body: body, key: key)
    }

    /// What the votes of `evidence` that satisfy `isWinner` lead to.
    package func decision(
        _ evidence: Evidence, at time: Timestamp, isWinner: (Vote) -> Bool = { _ in true }
    ) throws -> Decision {
        let root = try evidence.set.root()
        guard let decision = try Decision(winners: evidence.votes.filter(isWinner), set: root, decidedAt: time) else {
            throw UnknownNode()
        }
        return decision
    }
}
