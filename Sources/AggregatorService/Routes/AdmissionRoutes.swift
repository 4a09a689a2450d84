import Cryptography
import DNAProtocol
import Hummingbird
import ServiceKit

/// The routes of the roster: `openapi/consensus-aggregator.yaml`.
struct AdmissionRoutes: Sendable {
    let desk: AdmissionDesk

    /// What members see, and what administrators do.
    func addForMembers(to router: ServiceRouter) {
        addForAdministrators(to: router.group().add(middleware: RequireRole(.administrator)))
        router.getJSON("v1/roster") { request, context -> SignedRoster? in
            let (wait, after) = (try request.wait(), try request.number("after"))
            context.setDeadline(.seconds(wait) + AggregatorRoutes.grace)
            return try await disclosing { try await desk.roster(after: after, wait: wait) }
        }
    }

    /// Whoever may call these proves who it is by signature and invitation, not by a certificate: it has none yet.
    func addForNodes(to router: ServiceRouter) {
        router.post("v1/nodes/join") { request, context -> Response in
            let (wait, isForCertificate) = (try request.wait(), request.isForCertificate)
            context.setDeadline(.seconds(wait) + AggregatorRoutes.grace)
            let join = try await request.json(JoinRequest.self)
            let standing = try await disclosing {
                try await desk.join(join, wait: wait, forCertificate: isForCertificate)
            }
            return try .json(standing, status: .accepted)
        }
        router.post("v1/nodes/leave") { request, _ -> Response in
            let leave = try await request.json(LeaveRequest.self)
            try await disclosing { try await desk.leave(leave) }
            return Response(status: .accepted)
        }
        router.getJSON("v1/nodes/{key}") { request, context -> NodeStanding? in
            let (wait, isForCertificate) = (try request.wait(), request.isForCertificate)
            context.setDeadline(.seconds(wait) + AggregatorRoutes.grace)
            let node = try Self.node(context)
            let standing = try await disclosing {
                try await desk.standing(of: node, wait: wait, forCertificate: isForCertificate)
            }
            guard let standing else { throw ServiceError(.notFound, "no such node") }
            return standing
        }
    }

    private func addForAdministrators(to router: RouterGroup<ServiceContext>) {
        router.postJSON("v1/rosters", limit: SignedRoster.maximumBytes) { (signed: SignedRoster, _) -> RosterReceipt? in
            try await disclosing { try await desk.take(signed) }
        }
        router.getJSON("v1/rosters/proposals") { _, _ -> RosterProposals? in
            try await disclosing { RosterProposals(proposals: try await desk.nodes.store.proposals()) }
        }
        router.getJSON("v1/applications") { request, context -> NodeApplications? in
            let (wait, after) = (try request.wait(), try request.number("after"))
            context.setDeadline(.seconds(wait) + AggregatorRoutes.grace)
            return try await disclosing { try await desk.applications(after: after, wait: wait) }
        }
        router.getJSON("v1/nodes") { _, _ -> NodeReports? in
            try await disclosing { NodeReports(nodes: try await desk.nodes.store.nodeReports()) }
        }
        router.post("v1/nodes/{key}/certificate") { request, context -> Response in
            let node = try Self.node(context)
            let certificate = try await request.json(NodeCertificate.self)
            try await disclosing { try await desk.store(certificate, of: node) }
            return Response(status: .accepted)
        }
    }

    private static func node(_ context: ServiceContext) throws -> Ed25519.PublicKey {
        guard let key = Ed25519.PublicKey(hex: try context.parameters.require("key")) else {
            throw Problem.invalid("key", "must be 64 lower-case hexadecimal digits")
        }
        return key
    }
}

extension HBRequest {
    /// A number of the query, 0 when it is not there.
    fileprivate func number(_ name: Substring) throws -> Int {
        guard let text = uri.queryParameters[name] else { return 0 }
        guard let number = Int(text), number >= 0 else { throw Problem.invalid(String(name), "must be 0 or more") }
        return number
    }

    /// Whether the caller waits for a certificate as well: the query's `for=certificate`.
    fileprivate var isForCertificate: Bool { uri.queryParameters["for"] == "certificate" }
}
