import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import ServiceKit

/// How nodes come onto the roster and leave it. The aggregator keeps the door; administrators decide, and check
/// everything again.
struct AdmissionDesk: Sendable {
    let genesis: Genesis
    let network: NetworkID
    let nodes: NodeDesk
    let delivery: RosterDelivery
    let availabilityWindow: Int

    private var store: AggregatorStore { nodes.store }
    private var doorbells: Doorbells { nodes.doorbells }

    // MARK: Nodes

    /// Takes a node's request to join, and waits with it for up to so many seconds.
    func join(_ join: JoinRequest, wait seconds: Int, forCertificate: Bool) async throws -> NodeStanding {
        let body = join.body
        let now = nodes.clock.now()
        try join.validate(in: network)
        guard abs(body.at.seconds - now.seconds) <= JoinRequest.Body.tolerance else {
            throw Problem.invalid("body.at", "is more than \(JoinRequest.Body.tolerance) seconds off")
        }
        let roster = try await nodes.newestRoster()
        guard !roster.revokedNodes.contains(body.node) else { throw Problem.revoked }
        if roster.activeNodes.contains(body.node) {
            try await store.stay(body.node)
        } else {
            try await store.apply(join, invitations: try goodInvitations(of: body, roster.signed.roster, now))
        }
        guard
            let standing = try await standing(
                of: body.node, wait: seconds, forCertificate: forCertificate)
        else { throw ServiceError(.unavailable, "the application was just forgotten") }
        return standing
    }

    /// The invitations by which the node could be let in, and how many nodes still could. Throws when there are none.
    private func goodInvitations(
        of body: JoinRequest.Body, _ roster: Roster, _ now: Timestamp
    ) throws -> [(id: InvitationID, openUses: Int)] {
        var good: [(id: InvitationID, openUses: Int)] = []
        var refusal: String?
        for (index, invitation) in body.invitations.enumerated() {
            do {
                try invitation.validate(in: genesis, roster: roster, at: now)
                guard try invitation.isOpen(to: body.node, on: roster) else {
                    throw InvalidField("uses", "are used up")
                }
                let id = try invitation.invitationID()
                good.append((id, max(1, invitation.body.uses - roster.uses(of: id))))
            } catch let error as InvalidField {
                refusal = refusal ?? "body.invitations[\(index)].\(error)"
            }
        }
        guard !good.isEmpty else { throw Problem.invitation(refusal ?? "none was given") }
        return good
    }

    /// Where a node stands: at once, or, while it is pending, as soon as that changes within so many seconds. With
    /// `forCertificate` an active node without a certificate waits as well. Nil for a node nobody has heard of.
    func standing(of node: Ed25519.PublicKey, wait seconds: Int, forCertificate: Bool) async throws -> NodeStanding? {
        try await doorbells.standings.waiting(for: node) { wakeup in
            // Who is unknown gets its answer at once.
            guard try await standing(of: node) != nil else { return nil }
            let settled = try await nodes.wait(wakeup, doorbells.standings, seconds: seconds) { () -> NodeStanding? in
                guard let standing = try await standing(of: node) else { return nil }
                let awaits = standing.status == .active && forCertificate && standing.certificate == nil
                return standing.status == .pending || awaits ? nil : standing
            }
            return if let settled { settled } else { try await standing(of: node) }
        }
    }

    private func standing(of node: Ed25519.PublicKey) async throws -> NodeStanding? {
        // In this order: an epoch settles applications, so whoever waits for nothing any more is on the roster read next.
        let application = try await store.application(of: node)
        let roster = try await nodes.newestRoster()
        let entry = roster.signed.roster.node(node)
        let status: NodeStanding.Status
        switch entry?.status {
        case .active: status = .active
        case .revoked: status = .revoked
        case .left: status = application.isWaiting ? .pending : .left
        case nil:
            guard application.isWaiting else { return nil }
            status = .pending
        }
        return NodeStanding(
            node: node, status: status, operator: entry?.operator, roster: try roster.signed.roster.rosterID(),
            epoch: roster.signed.roster.epoch, certificate: status == .active ? application.certificate : nil)
    }

    /// Takes a node's request to leave.
    func leave(_ request: LeaveRequest) async throws {
        try request.validate(in: network)
        guard abs(request.body.at.seconds - nodes.clock.now().seconds) <= JoinRequest.Body.tolerance else {
            throw Problem.invalid("body.at", "is more than \(JoinRequest.Body.tolerance) seconds off")
        }
        // Whoever is not on the roster has left already.
        guard try await nodes.newestRoster().activeNodes.contains(request.body.node) else { return }
        try await store.leave(request)
    }

    // MARK: Administrators

    /// The newest epoch; with a wait, as soon as it is newer than `epoch`. Nil when that does not come.
    func roster(after epoch: Int, wait seconds: Int) async throws -> SignedRoster? {
        try await doorbells.notices.waiting(for: .roster) { wakeup in
            try await nodes.wait(wakeup, doorbells.notices, seconds: seconds) {
                let signed = try await nodes.newestRoster().signed
                return signed.roster.epoch > epoch ? signed : nil
            }
        }
    }

    /// Takes an epoch that administrators have signed; once it is in force the signers get it before the answer goes out.
    func take(_ signed: SignedRoster) async throws -> RosterReceipt {
        try signed.validateProposal(in: genesis)
        var receipt = try await store.publish(signed, threshold: genesis.administrators.threshold)
        guard receipt.state == .published else { return receipt }
        // With the signatures of all, also those that came with the proposal.
        let missed = await delivery.deliver(try await nodes.newestRoster().signed)
        receipt.missed = missed.isEmpty ? nil : missed
        return receipt
    }

    /// Everything that waits for an administrator; with a wait, as soon as there is something beyond `position`.
    func applications(after position: Int, wait seconds: Int) async throws -> NodeApplications {
        try await doorbells.notices.waiting(for: .applications) { wakeup in
            let changed = try await nodes.wait(wakeup, doorbells.notices, seconds: seconds) {
                let applications = try await store.applications()
                return applications.position > position ? applications : nil
            }
            return if let changed { changed } else { try await store.applications() }
        }
    }

    /// Keeps a certificate for an active node.
    func store(_ certificate: NodeCertificate, of node: Ed25519.PublicKey) async throws {
        guard (1...NodeCertificate.maximumBytes).contains(certificate.certificate.utf8.count) else {
            throw Problem.invalid("certificate", "must be 1 to \(NodeCertificate.maximumBytes) bytes")
        }
        guard try await nodes.newestRoster().activeNodes.contains(node) else {
            throw ServiceError(.notFound, "the node is not active in the roster")
        }
        try await store.store(certificate, of: node)
    }

    // MARK: Readiness

    /// Throws unless some model has workers enough.
    func checkWorkers() async throws {
        let models = try await store.workers(within: availabilityWindow)
        if let shortage = WorkerAvailability.shortage(of: models, isDevelopment: genesis.development) {
            throw ServiceError(.unavailable, shortage)
        }
    }
}
