import Canonical
import Cryptography
import DNAProtocol
import Testing

/// A small network whose keys the test holds, the group's included.
struct Network {
    let genesis: Genesis
    let file: NetworkFile
    let roster: SignedRoster
    let nodes: [Ed25519.SigningKey]
    let groupKey = Ed25519.SigningKey()
    let manifest = Manifest(
        name: "org/small", licence: "Apache-2.0", contextLength: 2_048, chatTemplate: "gguf", sampling: Sampling(),
        policy: Policy(rule: .majority, committee: 3),
        files: [.init(name: "model.gguf", role: .weights, size: 1, sha256: Digest.ofRaw([]))])

    func model() throws -> PublishedModel { try PublishedModel(ofSmallFiles: manifest) }

    init() throws {
        let administrator = Ed25519.SigningKey()
        let identities = (1...4).map { _ in Ed25519.SigningKey() }
        let signers = identities.enumerated().map {
            Genesis.Signer(
                identifier: $0.offset + 1, identity: $0.element.publicKey, encryption: X25519.SecretKey().publicKey)
        }
        genesis = Genesis(
            name: "test", development: false, createdAt: Timestamp(seconds: 1_800_000_000),
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(threshold: 3, members: signers), policyBounds: .init(maximumCommittee: 16, spareRanks: 2))
        let outcome = KeyGenerationOutcome(
            network: try genesis.networkID(), threshold: 3, groupKey: groupKey.publicKey,
            verifyingShares: identities.map(\.publicKey), transcript: Digest.ofRaw([1]))
        file = NetworkFile(
            genesis: genesis, keyGeneration: outcome,
            signatures: try identities.enumerated().map {
                .init(signer: $0.offset + 1, signature: try outcome.signed(by: $0.element))
            })
        nodes = (0..<3).map { _ in Ed25519.SigningKey() }
        let epoch = Roster(
            network: try genesis.networkID(), epoch: 1, previous: nil,
            operators: (0..<3).map { .init(name: "operator-\($0)", weight: 1) },
            nodes: nodes.enumerated().map { .init(key: $0.element.publicKey, operator: "operator-\($0.offset)") })
        roster = SignedRoster(
            roster: epoch,
            signatures: [.init(administrator: administrator.publicKey, signature: try epoch.signed(by: administrator))])
    }

    func committee(_ request: Request) throws -> Committee {
        Committee(
            network: request.network, roster: try roster.roster.rosterID(), request: try request.requestID(), round: 1,
            members: nodes.enumerated().map {
                .init(node: $0.element.publicKey, operator: "operator-\($0.offset)", rank: $0.offset)
            })
    }

    static let prompt = Prompt(tokens: [1, 2, 3])

    /// A whole round in which the members give these outputs.
    func round(_ request: Request, outputs: [Output]) throws -> (set: CommitmentSet, votes: [Vote]) {
        let committee = try committee(request)
        let randomness = Randomness(of: request, id: try request.requestID())
        var bodies: [(Vote.Body, Ed25519.SigningKey)] = []
        var commitments: [Commitment] = []
        for (node, output) in zip(nodes, outputs) {
            let result = Vote.Result(prompt: try Self.prompt.promptID(), output: output, trace: Digest.ofRaw([2]))
            let body = try Vote.Body(
                request: request, randomness: randomness, committee: committee, node: node.publicKey, result: result)
            let statement = Commitment.Body(
                network: request.network, request: try request.requestID(), round: 1,
                committee: try committee.committeeID(), node: node.publicKey,
                opening: try Opening(vote: body, salt: Digest.ofRaw([3])).digest())
            commitments.append(Commitment(body: statement, signature: try statement.signed(by: node)))
            bodies.append((body, node))
        }
        let set = CommitmentSet(round: 1, commitments: commitments)
        let root = try set.root()
        return (set, try bodies.map { try Vote(body: $0.0, set: root, salt: Digest.ofRaw([3]), key: $0.1) })
    }

    /// What the network would certify if every member gave this output.
    func bundle(_ request: Request, _ output: Output) throws -> Bundle {
        let (set, votes) = try round(request, outputs: [output, output, output])
        let decision = try #require(
            try Decision(winners: votes, set: try set.root(), decidedAt: Timestamp(seconds: 1_800_000_001)))
        let certificate = Certificate(
            decision: decision, groupKey: groupKey.publicKey, signature: try decision.signed(by: groupKey))
        let evidence = Evidence(
            request: request, model: try model(), roster: roster, committee: try committee(request), set: set,
            votes: votes)
        return Bundle(certificate: certificate, evidence: evidence, prompt: Self.prompt, output: output)
    }
}
