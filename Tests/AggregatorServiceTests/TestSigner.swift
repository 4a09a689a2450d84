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
        case badShare
    }

    let identifier: Int
    let behaviour = Mutex(Behaviour.honest)
    /// How many shares were asked for.
    let asked = Atomic<Int>(0)
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
        router.postJSON("v1/signing/nonces") { (request: NonceRequest, _) -> NonceReply? in
            try self.requireUp()
            return try self.desk.promise(request, at: .now)
        }
        router.postJSON("v1/signing/shares", limit: 16 << 20) { (request: ShareRequest, _) -> ShareReply? in
            try self.requireUp()
            self.asked.add(1, ordering: .relaxed)
            var reply = try self.desk.sign(request, at: .now, clock: self.clock.now())
            if case .badShare = self.behaviour.withLock({ $0 }) { reply.share = Scalar.one.hex }
            return reply
        }
        return HTTPService(router: router, options: HTTPServiceOptions(), logger: logger)
    }

    private func requireUp() throws {
        if case .down = behaviour.withLock({ $0 }) { throw ServiceError(.unavailable, "down") }
    }
}
