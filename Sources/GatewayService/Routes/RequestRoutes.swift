import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import Hummingbird
import ServiceKit

/// Where a request stands, for whoever has its id.
struct RequestStatus: Encodable {
    let requestID: DNAProtocol.RequestID
    let model: ModelID
    let state: RequestState
    let reason: String?
    let attempt: Int
    let acceptedAt: Timestamp
    let changedAt: Timestamp
    let expiresAt: Timestamp
    let rounds: [Round]

    enum CodingKeys: String, CodingKey {
        case model, state, reason, attempt, rounds
        case requestID = "request_id"
        case acceptedAt = "accepted_at"
        case changedAt = "changed_at"
        case expiresAt = "expires_at"
    }

    init(_ record: RequestRecord, rounds: [RoundRecord]) {
        requestID = record.id
        model = record.model
        state = record.state
        reason = record.reason
        attempt = record.attempt
        acceptedAt = record.acceptedAt
        changedAt = record.changedAt
        expiresAt = record.expiresAt
        self.rounds = rounds.map { Round($0, withVotes: record.state.isFinal) }
    }

    /// One round: who was asked, who has committed, who has voted; the votes themselves once the request has ended,
    /// so that a failure can be judged.
    struct Round: Encodable {
        let round: Int
        let committee: Committee
        let commitDeadline: Timestamp
        let set: Digest?
        let voteDeadline: Timestamp?
        let committed: [Ed25519.PublicKey]
        let voted: [Ed25519.PublicKey]
        let votes: [Vote]?

        enum CodingKeys: String, CodingKey {
            case round, committee, set, committed, voted, votes
            case commitDeadline = "commit_deadline"
            case voteDeadline = "vote_deadline"
        }

        init(_ record: RoundRecord, withVotes: Bool) {
            round = record.number
            committee = record.committee
            commitDeadline = record.commitDeadline
            set = record.setRoot
            voteDeadline = record.voteDeadline
            committed = record.commitments.map(\.body.node)
            voted = record.votes.map(\.body.node)
            votes = withVotes ? record.votes : nil
        }
    }
}

extension GatewayRoutes {
    func addRequests(to router: ServiceRouter) {
        router.getJSON("v1/requests/:id") { [desk] _, context in
            let record = try await Self.record(context, desk)
            return RequestStatus(record, rounds: try await desk.store.rounds(of: record.id))
        }
        router.getJSON("v1/requests/:id/certificate") { [desk] _, context in
            let record = try await Self.record(context, desk)
            guard record.state == .certified, let bundle = try await desk.store.bundle(of: record.id) else {
                throw ServiceError(.conflict, "there is no certificate: the request is \(record.state.rawValue)")
            }
            return bundle
        }
        router.getJSON("v1/requests/:id/evidence") { [desk] _, context in
            let record = try await Self.record(context, desk)
            guard let report = try await desk.store.misbehaviour(of: record.id) else {
                throw ServiceError(.unavailable, "the network is not known yet")
            }
            return report
        }
    }

    private static func record(_ context: ServiceContext, _ desk: Desk) async throws -> RequestRecord {
        guard let id = context.parameters.get("id").flatMap({ DNAProtocol.RequestID(hex: $0) }) else {
            throw ServiceError(.invalidArgument, "a request's id is 64 lower-case hexadecimal digits", field: "id")
        }
        guard let record = try await desk.store.find(id) else {
            throw ServiceError(.notFound, "nobody has asked this request", field: "id")
        }
        return record
    }
}
