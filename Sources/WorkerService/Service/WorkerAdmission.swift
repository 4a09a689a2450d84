import Cryptography
public import DNAProtocol
import Foundation
import Logging
import NodeState
import ServiceKit
import Synchronization

/// How a node comes onto the roster.
public struct WorkerAdmission: Sendable {
    /// Any of them will do.
    public var invitations: [Invitation]
    /// Where its certificate is kept; nil without TLS.
    public var certificatePath: String?
    /// Whether it leaves the roster when it is told to stop.
    public var leavesOnStop: Bool
    /// Called when a new certificate is in its file.
    public var certificateChanged: @Sendable () -> Void = {}

    /// Names everything.
    public init(invitations: [Invitation], certificatePath: String? = nil, leavesOnStop: Bool) {
        self.invitations = invitations
        self.certificatePath = certificatePath
        self.leavesOnStop = leavesOnStop
    }
}

/// A node's place on the roster, as far as it knows.
final class Membership: Sendable {
    private let admission: WorkerAdmission
    private let identity: NodeIdentity
    private let network: NetworkID
    private let aggregator: AggregatorClient
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let isMember = Mutex(false)

    init(
        _ admission: WorkerAdmission, identity: NodeIdentity, network: NetworkID, aggregator: AggregatorClient,
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.admission = admission
        self.identity = identity
        self.network = network
        self.aggregator = aggregator
        self.now = now
        self.logger = logger
    }

    /// Whether the node was active on the roster when it last looked.
    var isActive: Bool { isMember.withLock { $0 } }

    /// The aggregator says the node is not active any more.
    func lost() { isMember.withLock { $0 = false } }

    /// Asks to be let in, and waits up to so many seconds; true when it is.
    func join(wait: Int) async throws -> Bool {
        let body = JoinRequest.Body(
            network: network, node: identity.node, invitations: admission.invitations, at: now())
        let needsCertificate = admission.certificatePath != nil
        let standing = try await aggregator.join(
            JoinRequest(body: body, key: identity.key), wait: wait, forCertificate: needsCertificate)
        try keep(standing)
        guard standing.status == .active, !needsCertificate || standing.certificate != nil else {
            logger.info("waiting to be admitted", metadata: ["status": "\(standing.status.rawValue)"])
            return false
        }
        isMember.withLock { $0 = true }
        logger.notice(
            "on the roster", metadata: ["operator": "\(standing.operator ?? "")", "epoch": "\(standing.epoch)"])
        return true
    }

    /// Returns when the node is on the roster. Throws when it was revoked, or the task is cancelled.
    func joined(wait: Int) async throws {
        var failures = 0
        while !isActive {
            do {
                if try await join(wait: wait) { return }
                failures = 1
            } catch let error as ServiceError {
                if (error.cause as? Problem)?.type == "urn:dna:problem:revoked" { throw error }
                logger.warning("not admitted yet", metadata: ["reason": "\(error.message)"])
                failures += 1
            }
            try await Task.sleep(for: aggregator.delay(after: failures))
        }
    }

    /// Takes a newer certificate every `interval`, until cancelled.
    func keepCertificate(every interval: Duration) async {
        guard admission.certificatePath != nil else { return }
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                try keep(try await aggregator.standing(of: identity.node))
            } catch {
                logger.warning("the certificate was not looked at", metadata: ["error": "\(error)"])
            }
        }
    }

    private func keep(_ standing: NodeStanding) throws {
        guard let path = admission.certificatePath, let certificate = standing.certificate else { return }
        let bytes = Array(certificate.utf8)
        guard FileManager.default.contents(atPath: path).map(Array.init) != bytes else { return }
        try JSONFile.replace(path, bytes)
        admission.certificateChanged()
        logger.notice("certificate received")
    }

    /// Leaves the roster if it is to leave when it stops.
    func leaveIfAsked() async {
        guard admission.leavesOnStop, isActive else { return }
        let body = LeaveRequest.Body(network: network, node: identity.node, at: now())
        do {
            try await aggregator.leave(try LeaveRequest(body: body, key: identity.key))
            logger.notice("asked to leave the roster")
        } catch {
            logger.warning("could not ask to leave", metadata: ["error": "\(error)"])
        }
    }
}
