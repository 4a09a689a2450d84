import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import Logging
import ServiceKit
import SignerService
import Synchronization
import TestKit
import Threshold

/// The real signing desk behind a socket, with faults on demand.
final class TestSigner: Sendable {
    enum Behaviour: Sendable {
        case honest
        case down
        /// A share that has nothing to do with its nonces.
        case badShare
        /// A share made with other nonces than those it gave out.
        case otherNonces
        /// No scalar at all.
        case garbage
        /// Never answers when asked for a share.
        case silent
        /// Answers with a problem.
        case refusing
        /// Says what it said the first time, whatever it is asked.
        case repeating
    }

    let identifier: Int
    let behaviour = Mutex(Behaviour.honest)
    /// The newest roster epoch it knows.
    var rosterEpoch: Int { desk.rosterEpoch }
    /// How many shares were asked for.
    let asked = Atomic<Int>(0)
    private let first = Mutex<(nonces: NonceReply?, share: ShareReply?)>((nil, nil))
    private let desk: SigningDesk
    private let file: NetworkFile
    private let clock: ManualClock
    private let folder: String

    init(_ share: KeyShare, _ fixture: Fixture, _ file: NetworkFile, clock: ManualClock) throws {
        identifier = Int(share.participant.number)
        self.file = file
        self.clock = clock
        folder = NSTemporaryDirectory() + "dna-desk-" + Hexadecimal.encode(SystemRandom.bytes(count: 8))
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        desk = try SigningDesk(
            share: share, genesis: fixture.genesis, pin: try RosterPin(fixture.roster, in: fixture.genesis),
            register: try DecisionRegister(folder: folder), storeRoster: { _ in })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func service(_ logger: Logger) -> HTTPService {
        let router = ServiceRouter.service()
        router.addHealthRoutes(checks: [HealthCheck("share") { try self.requireUp() }])
        router.getJSON("v1/network-file") { _, _ -> NetworkFile? in
            try self.requireUp()
            return self.file
        }
        router.postJSON("v1/rosters", limit: SignedRoster.maximumBytes) { (signed: SignedRoster, _) -> PinnedRoster? in
            try self.requireUp()
            return try self.desk.take(signed)
        }
        router.postJSON("v1/signing/nonces") { (request: NonceRequest, _) -> NonceReply? in
            try self.requireUp()
            let reply = try self.desk.promise(request, at: .now)
            guard case .repeating = self.behaviour.withLock({ $0 }) else { return reply }
            return self.first.withLock { first in
                first.nonces = first.nonces ?? reply
                return first.nonces
            }
        }
        router.postJSON("v1/signing/shares", limit: 16 << 20) { (request: ShareRequest, _) -> ShareReply? in
            try self.requireUp()
            self.asked.add(1, ordering: .relaxed)
            return try await self.share(request)
        }
        return HTTPService(router: router, options: HTTPServiceOptions(), logger: logger)
    }

    private func share(_ request: ShareRequest) async throws -> ShareReply {
        func sign(_ request: ShareRequest) throws -> ShareReply {
            try desk.sign(request, at: .now, clock: clock.now())
        }
        switch behaviour.withLock({ $0 }) {
        case .honest, .down: return try sign(request)
        case .badShare: return ShareReply(signer: identifier, share: Scalar.one.hex)
        case .garbage: return ShareReply(signer: identifier, share: "rubbish")
        case .refusing: throw ServiceError(.conflict, "no")
        case .silent:
            // Ends when the aggregator has hung up.
            for await _ in AsyncStream<Void>(unfolding: { await Self.forever() }) {}
            throw CancellationError()
        case .otherNonces:
            let other = try desk.promise(NonceRequest(decision: try request.decision.decisionID()), at: .now)
            let commitments = request.commitments.map { $0.signer == identifier ? other : $0 }
            return try sign(
                ShareRequest(decision: request.decision, evidence: request.evidence, commitments: commitments))
        case .repeating:
            if let share = first.withLock({ $0.share }) { return share }
            let share = try sign(request)
            first.withLock { $0.share = share }
            return share
        }
    }

    /// Waits until cancelled.
    private static func forever() async -> Void? {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        continuation.finish()
        return nil
    }

    private func requireUp() throws {
        if case .down = behaviour.withLock({ $0 }) { throw ServiceError(.unavailable, "down") }
    }
}
