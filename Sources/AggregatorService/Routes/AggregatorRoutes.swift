import CoordinatorStore
import DNAProtocol
import Hummingbird
import ServiceKit

/// The HTTP face: `openapi/consensus-aggregator.yaml`.
struct AggregatorRoutes: Sendable {
    let desk: NodeDesk
    /// What strangers may call.
    let joining: AdmissionRoutes
    let admission: AdmissionRoutes
    let models: ModelRoutes
    let store: AggregatorStore
    let signers: [SignerConnection]
    let keys: GroupKeys
    let threshold: Int

    /// The most bytes of a vote with its answer.
    static let bodyLimit = 16 << 20
    /// How much longer than its own wait a long poll may take.
    static let grace: Duration = .seconds(15)

    func router() -> ServiceRouter {
        let router = ServiceRouter.service()
        joining.addForNodes(to: router)
        // What is added from here on is for members only, in any role.
        router.add(middleware: RequireRole.any)
        router.addHealthRoutes(checks: checks)
        let nodes = router.group().add(middleware: RequireRole(.worker))
        nodes.postJSON("v1/assignments/poll") { (poll: AssignmentPoll, context) -> Assignment? in
            try context.requirePeerName(poll.body.node.hex)
            context.setDeadline(.seconds(max(0, min(poll.body.wait, AssignmentPoll.Body.maximumWait))) + Self.grace)
            return try await disclosing { try await desk.assignment(poll) }
        }
        nodes.post("v1/requests/{id}/rounds/{round}/commitments") { request, context -> Response in
            let (id, round) = try place(context)
            let commitment = try await request.json(Commitment.self)
            try context.requirePeerName(commitment.body.node.hex)
            try await disclosing { try await desk.take(commitment, request: id, round: round) }
            return Response(status: .accepted)
        }
        nodes.post("v1/requests/{id}/rounds/{round}/votes") { request, context -> Response in
            let (id, round) = try place(context)
            let submission = try await request.json(VoteSubmission.self, limit: Self.bodyLimit)
            try context.requirePeerName(submission.vote.body.node.hex)
            try await disclosing { try await desk.take(submission, request: id, round: round) }
            return Response(status: .accepted)
        }
        nodes.getJSON("v1/requests/{id}/rounds/{round}/set") { request, context -> CommitmentSet? in
            let (id, round) = try place(context)
            let wait = try request.wait()
            context.setDeadline(.seconds(wait) + Self.grace)
            let node = context.peer?.name
            return try await disclosing { try await desk.set(of: id, round: round, for: node, wait: wait) }
        }
        admission.addForMembers(to: router)
        models.add(to: router)
        router.getJSON("v1/network") { _, _ -> NetworkFile? in
            guard let file = keys.known?.file else {
                throw ServiceError(.unavailable, "the signers have no group key yet")
            }
            return file
        }
        return router
    }

    private func place(_ context: ServiceContext) throws -> (DNAProtocol.RequestID, Int) {
        guard let id = DNAProtocol.RequestID(hex: try context.parameters.require("id")) else {
            throw Problem.invalid("id", "must be 64 lower-case hexadecimal digits")
        }
        guard let round = Int(try context.parameters.require("round")), (1...64).contains(round) else {
            throw Problem.invalid("round", "must be 1 to 64")
        }
        return (id, round)
    }

    private var checks: [HealthCheck] {
        [
            HealthCheck("database") { try await store.pool.checkHealth() },
            HealthCheck("signers") {
                let ready = await readySigners()
                guard ready >= threshold else {
                    throw ServiceError(.unavailable, "\(ready) of the \(threshold) signers it takes are ready")
                }
            },
            HealthCheck("network file") {
                guard keys.known != nil else { throw ServiceError(.unavailable, "the signers have no group key yet") }
            },
            // Without workers there is nothing to aggregate, but they join through this service.
            HealthCheck("workers", isRequired: false) { try await admission.desk.checkWorkers() },
        ]
    }

    /// How many signers are ready; counts no further than is needed.
    private func readySigners() async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for signer in signers { group.addTask { await signer.isReady() } }
            var count = 0
            for await isReady in group where isReady {
                count += 1
                if count == threshold { break }
            }
            group.cancelAll()
            return count
        }
    }
}

/// Hummingbird's request: the protocol has one of its own.
typealias HBRequest = Hummingbird.Request

extension HBRequest {
    /// How long the caller waits, in seconds: the query's `wait`.
    func wait() throws -> Int {
        guard let text = uri.queryParameters["wait"] else { return 0 }
        guard let wait = Int(text), (0...AssignmentPoll.Body.maximumWait).contains(wait) else {
            throw Problem.invalid("wait", "must be 0 to \(AssignmentPoll.Body.maximumWait)")
        }
        return wait
    }
}
