import Canonical
import Cryptography
package import DNAProtocol
import Synchronization
import Threshold
import WorkerService

/// A network with all of its keys: a function of its shape, made once a process.
package final class Town: Sendable {
    let shape: Shape
    package let genesis: Genesis
    let network: NetworkID
    let administrator: Ed25519.SigningKey
    /// By number, the operators' nodes one after another.
    let nodes: [NodeIdentity]
    let operators: [String]
    let numbers: [Ed25519.PublicKey: Int]
    let model: PublishedModel
    let firstRoster: SignedRoster
    /// By identifier − 1.
    let shares: [KeyShare]
    package let file: NetworkFile

    private static let towns = Mutex<[Shape: Town]>([:])

    /// The town of this shape.
    package static func of(_ shape: Shape) throws -> Town {
        if let town = towns.withLock({ $0[shape] }) { return town }
        let town = try Town(shape)
        towns.withLock { $0[shape] = town }
        return town
    }

    private init(_ shape: Shape) throws {
        self.shape = shape
        let name = "\(Shape.all.firstIndex(of: shape) ?? 0)"
        administrator = try Self.key("\(name)/administrator")
        let identities = try (1...shape.signers).map { try Self.key("\(name)/signer/\($0)") }
        let members = try identities.enumerated().map { index, key in
            Genesis.Signer(
                identifier: index + 1, identity: key.publicKey,
                encryption: try Self.encryptionKey("\(name)/encryption/\(index)"))
        }
        genesis = Genesis(
            name: "simulation-\(name)", development: false, createdAt: World.epoch,
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(threshold: shape.threshold, members: members),
            policyBounds: .init(maximumCommittee: 16, spareRanks: shape.spareRanks))
        network = try genesis.networkID()
        var (nodes, operators): ([NodeIdentity], [String]) = ([], [])
        for (index, entry) in shape.operators.enumerated() {
            for _ in 0..<entry.nodes {
                nodes.append(NodeIdentity(key: try Self.key("\(name)/node/\(nodes.count)")))
                operators.append("operator-\(index)")
            }
        }
        self.nodes = nodes
        self.operators = operators
        numbers = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.node, $0) })
        model = try PublishedModel(
            ofSmallFiles: Manifest(
                name: "simulated", licence: "Apache-2.0", contextLength: 2_048, chatTemplate: "gguf",
                sampling: Sampling(), policy: shape.policy,
                files: [.init(name: "model.gguf", role: .weights, size: 1, sha256: .of("simulation", []))]))
        let body = Roster(
            network: network, epoch: 1, previous: nil,
            operators: shape.operators.enumerated().map { .init(name: "operator-\($0)", weight: $1.weight) },
            nodes: zip(nodes, operators).map { .init(key: $0.node, operator: $1) })
        firstRoster = try Self.sign(body, administrator)
        shares = try Self.generate(genesis, name)
        let keys = shares[0].publicKeys
        let outcome = KeyGenerationOutcome(
            network: network, threshold: keys.threshold, groupKey: keys.groupKey,
            verifyingShares: keys.participants.compactMap { keys.verifyingShares[$0]?.verificationKey },
            transcript: .of("simulation", []))
        file = NetworkFile(
            genesis: genesis, keyGeneration: outcome,
            signatures: try identities.enumerated().map { .init(signer: $0 + 1, signature: try outcome.signed(by: $1)) }
        )
    }

    /// The epoch after `roster` in which `revoked` are no longer active.
    func roster(after roster: Roster, revoking revoked: Set<Int>) throws -> SignedRoster {
        let keys = Set(revoked.map { nodes[$0].node })
        let next = Roster(
            network: network, epoch: roster.epoch + 1, previous: try roster.rosterID(), operators: roster.operators,
            nodes: roster.nodes.map { node in
                keys.contains(node.key) ? .init(key: node.key, operator: node.operator, status: .revoked) : node
            })
        return try Self.sign(next, administrator)
    }

    private static func sign(_ roster: Roster, _ key: Ed25519.SigningKey) throws -> SignedRoster {
        SignedRoster(
            roster: roster,
            signatures: [.init(administrator: key.publicKey, signature: try roster.signed(by: key))])
    }

    private static func secret(_ name: String) -> SecretBytes {
        var bytes = SHA256.hash(Array("simulation/\(name)".utf8))
        return SecretBytes(taking: &bytes)
    }

    private static func key(_ name: String) throws -> Ed25519.SigningKey {
        try Ed25519.SigningKey(seed: secret(name))
    }

    /// A point that is a valid key; nothing is ever encrypted to it.
    private static func encryptionKey(_ name: String) throws -> X25519.PublicKey {
        guard let key = X25519.PublicKey(bytes: SHA256.hash(Array(name.utf8))) else { throw Complained() }
        return key
    }

    /// Everybody was honest, and somebody complained.
    private struct Complained: Error {}

    private static func generate(_ genesis: Genesis, _ name: String) throws -> [KeyShare] {
        let ceremony = try KeyGeneration.Ceremony(
            participants: genesis.signers.members.compactMap { ParticipantIdentifier($0.identifier) },
            threshold: genesis.signers.threshold, context: Array("simulation".utf8))
        let firsts = try ceremony.participants.map {
            try KeyGeneration.RoundOne(ceremony: ceremony, participant: $0, seed: secret("\(name)/ceremony/\($0)"))
        }
        let seconds = try firsts.map { try success(of: $0.roundTwo(with: firsts.map(\.package))) }
        return try seconds.map { recipient in
            var received: [ParticipantIdentifier: SecretBytes] = [:]
            for sender in seconds where sender.participant != recipient.participant {
                received[sender.participant] = try sender.share(for: recipient.participant)
            }
            return try success(of: recipient.finish(receivedShares: received))
        }
    }

    private static func success<Result>(of verdict: KeyGeneration.Verdict<Result>) throws -> Result {
        guard case .success(let result) = verdict else { throw Complained() }
        return result
    }
}
