import Canonical
import Cryptography
import DNAProtocol
import Foundation
import SignerService
import TestKit
import Threshold

/// Four signing desks of one network, a decision with real evidence, and a coordinator.
final class Stage {
    let fixture: Fixture
    let file: NetworkFile
    let evidence: Evidence
    let decision: Decision
    private(set) var desks: [Int: SigningDesk] = [:]
    private let shares: [Int: KeyShare]
    private let folder: String

    static let clock = Timestamp(seconds: 1_800_000_100)
    let now = ContinuousClock.now

    struct NoKey: Error {}

    init() throws {
        var rehearsal = try Rehearsal()
        try rehearsal.run()
        guard let file = rehearsal.files.first else { throw NoKey() }
        self.file = file
        fixture = rehearsal.fixture
        shares = rehearsal.disks.compactMapValues { $0.pending?.share }
        folder = NSTemporaryDirectory() + "dna-desks-" + Hexadecimal.encode(SystemRandom.bytes(count: 8))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        evidence = try fixture.evidence(try fixture.request())
        decision = try fixture.decision(evidence, at: Self.clock)
        for number in shares.keys { try open(number) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Opens a desk, or opens it again: its register stays, its nonces go.
    func open(_ number: Int, nonces: NonceTable = NonceTable(), pinned: SignedRoster? = nil) throws {
        guard let share = shares[number] else { throw NoKey() }
        desks[number] = try SigningDesk(
            share: share, genesis: fixture.genesis, pin: RosterPin(pinned ?? fixture.roster, in: fixture.genesis),
            register: DecisionRegister(folder: "\(folder)/\(number)"), nonces: nonces, storeRoster: { _ in })
    }

    func desk(_ number: Int) -> SigningDesk { desks[number]! }  // the tests name desks that exist

    func promises(_ numbers: [Int], for decision: Decision? = nil) throws -> [NonceReply] {
        let id = try (decision ?? self.decision).decisionID()
        return try numbers.map { try desk($0).promise(NonceRequest(decision: id), at: now) }
    }

    /// What `number` answers when everybody in `numbers` takes part.
    func sign(
        _ number: Int, decision: Decision? = nil, evidence: Evidence? = nil, promises: [NonceReply]? = nil,
        clock: Timestamp = Stage.clock, after delay: Duration = .zero
    ) throws -> ShareReply {
        let decision = decision ?? self.decision
        let others = [1, 2, 3, 4].filter { $0 != number }.prefix(2)
        let request = ShareRequest(
            decision: decision, evidence: evidence ?? self.evidence,
            commitments: try promises ?? self.promises([number] + others, for: decision))
        return try desk(number).sign(request, at: now + delay, clock: clock)
    }

    /// What an aggregator does.
    func certify(_ numbers: [Int]) throws -> Certificate {
        let promises = try promises(numbers)
        let replies = try numbers.map { try sign($0, promises: promises) }
        return try Coordination.certificate(decision, file, promises, replies)
    }
}

/// The coordinator's arithmetic.
enum Coordination {
    static func certificate(
        _ decision: Decision, _ file: NetworkFile, _ promises: [NonceReply], _ replies: [ShareReply]
    ) throws -> Certificate {
        let commitments = promises.sorted { $0.signer < $1.signer }.compactMap { reply -> NonceCommitment? in
            guard let participant = ParticipantIdentifier(reply.signer),
                let hiding = GroupElement(hex: reply.hiding), let binding = GroupElement(hex: reply.binding)
            else { return nil }
            return NonceCommitment(participant: participant, hiding: hiding, binding: binding)
        }
        let package = try SigningPackage(
            message: decision.signingBytes(), commitments: commitments, publicKeys: file.keyGeneration.publicKeys())
        let shares = replies.compactMap { reply -> SignatureShare? in
            guard let participant = ParticipantIdentifier(reply.signer), let share = Scalar(hex: reply.share) else {
                return nil
            }
            return SignatureShare(participant: participant, share: share)
        }
        guard case .signature(let signature) = try package.aggregate(shares) else { throw Stage.NoKey() }
        return Certificate(decision: decision, groupKey: file.groupKey, signature: signature)
    }
}
