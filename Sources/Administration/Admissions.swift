import Consensus
public import Cryptography
public import DNAProtocol
import ServiceKit

/// The long work of an administrator: lets nodes in whose invitations are good, takes off those that leave, and gives
/// active ones their certificates.
public struct Admissions: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// An epoch was published or proposed.
        case changed(Administrator.Outcome)
        /// A node is not let in, and why.
        case refused(Ed25519.PublicKey, String)
        /// A node has got a certificate.
        case certified(Ed25519.PublicKey)
        /// Something failed; it is tried again.
        case failed(any Error)
    }

    /// Issues a certificate over a node's key.
    public typealias Issuer = @Sendable (Ed25519.PublicKey) throws -> NodeCertificate

    /// The longest wait for something to do, in seconds; certificates and absent nodes are looked at as often.
    public static let longestWait = 60

    private let administrator: Administrator
    private let retireAfter: Int64?
    private let issuer: Issuer?
    private let now: @Sendable () -> Timestamp
    private let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - retireAfter: nodes not heard from for so many seconds are taken off; nil keeps them.
    ///   - issuer: nil issues no certificates.
    public init(
        _ administrator: Administrator, retireAfter: Int64?, issuer: Issuer?,
        now: @escaping @Sendable () -> Timestamp, report: @escaping @Sendable (Event) -> Void
    ) {
        self.administrator = administrator
        self.retireAfter = retireAfter
        self.issuer = issuer
        self.now = now
        self.report = report
    }

    /// Works until cancelled. What fails is tried again after a pause that grows.
    public func watch() async {
        var position: Int?
        var failures = 0
        let began = now()
        let pauses = RetryPolicy()
        while !Task.isCancelled {
            do {
                let wait = position == nil || failures > 0 ? 0 : Self.longestWait
                let wishes = try await administrator.applications(after: position ?? 0, wait: wait)
                try await settle(wishes)
                try await retireAbsent(since: began)
                try await certify()
                position = wishes.position
                failures = 0
            } catch {
                if Task.isCancelled { return }
                report(.failed(error))
                failures += 1
                // Ends early when the task is cancelled, which the loop sees.
                try? await Task.sleep(for: pauses.delay(after: failures))
            }
        }
    }

    /// Looks once. `only` leaves all other applicants waiting.
    public func approve(only chosen: Set<Ed25519.PublicKey>? = nil) async throws {
        var wishes = try await administrator.applications()
        if let chosen {
            wishes.joins.removeAll { !chosen.contains($0.body.node) }
            wishes.leaves.removeAll { !chosen.contains($0.body.node) }
        }
        try await settle(wishes)
        try await certify()
    }

    private func settle(_ wishes: NodeApplications) async throws {
        guard !wishes.joins.isEmpty || !wishes.leaves.isEmpty else { return }
        let now = now()
        var refusals: [(Ed25519.PublicKey, String)] = []
        let outcome = try await administrator.change { plan in
            refusals = []
            for leave in wishes.leaves {
                do { try plan.release(leave, at: now) } catch { refusals.append((leave.body.node, "\(error)")) }
            }
            for join in wishes.joins {
                do { try plan.admit(join, at: now) } catch { refusals.append((join.body.node, "\(error)")) }
            }
        }
        for (node, reason) in refusals { report(.refused(node, reason)) }
        if outcome.receipt != nil { report(.changed(outcome)) }
    }

    /// Takes off who was not heard from, or never since it got its certificate; only after having watched for as long, for
    /// where everything was down nobody could be heard from. That is the aggregator's word alone, so it must not decide who
    /// is on committees: each operator keeps a node, and committees are drawn by operators first.
    private func retireAbsent(since began: Timestamp) async throws {
        guard let retireAfter, began + retireAfter <= now() else { return }
        let limit = now() + -retireAfter
        let absent = try await administrator.reports().filter { report in
            (report.lastSeen ?? report.certificate?.issuedAt).map { $0 < limit } ?? false
        }.map(\.node)
        guard !absent.isEmpty else { return }
        let outcome = try await administrator.change { plan in
            for node in absent where plan.hasAnotherNode(than: node) { plan.retire(node) }
        }
        if outcome.receipt != nil { report(.changed(outcome)) }
    }

    /// Issues what is missing or past two thirds of its life, to nodes that the verified roster calls active.
    private func certify() async throws {
        guard let issuer else { return }
        let roster = try await administrator.roster().roster
        let now = now()
        for entry in try await administrator.reports() where roster.node(entry.node)?.status == .active {
            guard entry.certificate?.isGood(at: now) != true else { continue }
            try await administrator.deliver(try issuer(entry.node), to: entry.node)
            report(.certified(entry.node))
        }
    }
}

extension NodeReport.CertificateTimes {
    /// Whether less than two thirds of its life are over.
    func isGood(at now: Timestamp) -> Bool {
        3 * (now.seconds - issuedAt.seconds) < 2 * (expiresAt.seconds - issuedAt.seconds)
    }
}
