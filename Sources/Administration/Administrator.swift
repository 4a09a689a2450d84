public import Consensus
public import Cryptography
public import DNAProtocol
import NodeState
public import ServiceKit
import Synchronization

/// An administrator at work: verifies the roster an aggregator shows, makes the next epoch, signs and publishes it. Never
/// trusts the aggregator; never signs behind an epoch it has seen.
public final class Administrator: Sendable {
    /// The network.
    public let genesis: Genesis
    let key: Ed25519.SigningKey
    let aggregators: Aggregators
    private let signers: [Int: JSONClient]
    private let pinPath: String?
    private let pinned: Mutex<SignedRoster?>

    /// How often a change is made again because another epoch came first.
    private static let attempts = 20
    private static let signerDeadline: Duration = .seconds(5)

    /// What became of a change.
    public struct Outcome: Sendable {
        /// What changed.
        public let changes: [RosterPlan.Change]
        /// Whether the epoch is in force or waits for signatures; nil when nothing changed.
        public let receipt: RosterReceipt?
    }

    /// An administrator that speaks to a network's aggregators.
    ///
    /// - Parameters:
    ///   - signers: those it can reach itself, which get every epoch from it too: then no aggregator can keep one back.
    ///   - pinPath: a file that keeps the newest epoch seen; nil forgets it with the process.
    public init(
        genesis: Genesis, key: Ed25519.SigningKey, aggregators: [JSONClient], signers: [Int: JSONClient] = [:],
        pinPath: String?
    ) throws {
        try genesis.validate()
        guard genesis.administrators.keys.contains(key.publicKey) else {
            throw InvalidField("key", "is not an administrator's in this genesis")
        }
        self.genesis = genesis
        self.key = key
        self.aggregators = Aggregators(aggregators)
        self.signers = signers
        self.pinPath = pinPath
        let known = try pinPath.flatMap { try JSONFile.readIfThere(SignedRoster.self, path: $0) }
        try known?.validate(in: genesis)
        pinned = Mutex(known)
    }

    // MARK: Rosters

    /// The newest epoch, verified. Throws ``InvalidField`` when the aggregator shows one that cannot be.
    public func roster() async throws -> SignedRoster {
        let signed = try await aggregators.ask { try await $0.get("/v1/roster", as: SignedRoster.self) }
        try signed.validate(in: genesis)
        let isNewer = try pinned.withLock { pinned in
            if let known = pinned?.roster {
                guard signed.roster.epoch >= known.epoch else {
                    throw InvalidField("roster.epoch", "goes back behind \(known.epoch)")
                }
                if signed.roster.epoch == known.epoch {
                    guard signed.roster == known else {
                        throw InvalidField("roster", "is another one of the same epoch")
                    }
                    return false
                }
                if signed.roster.epoch == known.epoch + 1 { try signed.validate(following: known) }
            }
            pinned = signed
            return true
        }
        if isNewer, let pinPath { try JSONFile.write(signed, path: pinPath) }
        return signed
    }

    /// Makes the next epoch by `change`, signs and publishes it; again when another one came first.
    public func change(_ change: (inout RosterPlan) throws -> Void) async throws -> Outcome {
        for attempt in 1... {
            var plan = try RosterPlan(after: try await roster().roster, in: genesis)
            try change(&plan)
            guard let next = try plan.next() else { return Outcome(changes: [], receipt: nil) }
            do {
                return Outcome(changes: plan.changes, receipt: try await publish(next, with: []))
            } catch let error as ServiceError where error.code == .conflict && attempt < Self.attempts {
                continue
            }
        }
        preconditionFailure("the loop ends by returning or throwing")
    }

    private func publish(
        _ roster: Roster, with others: [AdministratorSignature]
    ) async throws -> RosterReceipt {
        let own = AdministratorSignature(
            administrator: key.publicKey, signature: try roster.signed(by: key))
        let signed = SignedRoster(
            roster: roster, signatures: others.filter { $0.administrator != key.publicKey } + [own])
        var receipt = try await aggregators.ask {
            try await $0.post("/v1/rosters", signed, as: RosterReceipt.self, isIdempotent: true)
        }
        guard receipt.state == .published, !signers.isEmpty else { return receipt }
        // What this administrator has seen itself counts for more than the aggregator's word.
        let seen = await missed(try await self.roster())
        let missed = Set(receipt.missed ?? []).subtracting(signers.keys).union(seen).sorted()
        receipt.missed = missed.isEmpty ? nil : missed
        return receipt
    }

    /// Brings an epoch to the signers it can reach; gives those who did not take it.
    private func missed(_ signed: SignedRoster) async -> [Int] {
        await withTaskGroup(of: Int?.self) { group in
            for (identifier, signer) in signers {
                group.addTask {
                    let pinned = try? await signer.post(
                        "/v1/rosters", signed, as: PinnedRoster.self, deadline: Self.signerDeadline, isIdempotent: true)
                    return (pinned?.epoch ?? 0) < signed.roster.epoch ? identifier : nil
                }
            }
            return await group.reduce(into: []) { missed, signer in if let signer { missed.append(signer) } }
        }
    }

    /// Epochs that wait for signatures, and follow the newest one; others are not shown.
    public func proposals() async throws -> [SignedRoster] {
        let current = try await roster().roster
        let offered = try await aggregators.ask { try await $0.get("/v1/rosters/proposals", as: RosterProposals.self) }
        return try offered.proposals.filter { proposal in
            try proposal.validateProposal(in: genesis)
            return (try? proposal.validate(following: current)) != nil
        }
    }

    /// Signs a proposal, whose contents its administrator has looked at.
    public func sign(_ proposal: SignedRoster) async throws -> RosterReceipt {
        try proposal.validateProposal(in: genesis)
        try proposal.validate(following: try await roster().roster)
        return try await publish(proposal.roster, with: proposal.signatures)
    }

    // MARK: Nodes

    /// What nodes ask for; with a wait, as soon as there is something beyond `position`.
    public func applications(after position: Int = 0, wait seconds: Int = 0) async throws -> NodeApplications {
        try await aggregators.ask {
            try await $0.get("/v1/applications?after=\(position)&wait=\(seconds)", deadline: .seconds(seconds + 15))
        }
    }

    /// What the aggregator knows about the nodes of the roster; nothing of it is signed.
    public func reports() async throws -> [NodeReport] {
        try await aggregators.ask { try await $0.get("/v1/nodes", as: NodeReports.self) }.nodes
    }

    /// Gives a node its certificate.
    public func deliver(_ certificate: NodeCertificate, to node: Ed25519.PublicKey) async throws {
        try await aggregators.ask {
            try await $0.post("/v1/nodes/\(node.hex)/certificate", certificate, isIdempotent: true)
        }
    }
}
