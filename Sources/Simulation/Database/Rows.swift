import Canonical
import Cryptography
import DNAProtocol

/// A rule of the coordinator's schema that somebody tried to break.
struct ConstraintViolation: Error, Hashable {
    let name: String

    init(_ name: String) { self.name = name }
}

/// The lease is another's by now.
struct LeaseLost: Error {}

/// The right to drive one request, as `CoordinatorStore` has it.
struct Claim: Hashable {
    let request: Int
    let owner: Int
    let epoch: Int
}

/// A request's rows.
struct RequestRow {
    let id: RequestID
    let document: Request
    var state = RequestState.accepted
    var reason: String?
    var attempt = 1
    var seed: Seed?
    let acceptedAt: Int64
    var expiresAt: Int64
    var leaseOwner: Int?
    var leaseEpoch = 0
    var leaseUntil: Int64?
    var rounds: [RoundRow] = []
    var outputs: [OutputID: (prompt: Prompt, output: Output)] = [:]
    var decision: Decision?
    var bundle: Bundle?
}

/// A round's rows.
struct RoundRow {
    let committee: Committee
    let commitDeadline: Timestamp
    var setRoot: Digest?
    var voteDeadline: Timestamp?
    /// By ascending node key.
    var commitments: [Commitment] = []
    /// By ascending node key.
    var votes: [Vote] = []

    var set: CommitmentSet? {
        setRoot.map { _ in CommitmentSet(round: committee.round, commitments: commitments) }
    }
}

/// What became of something a node sent.
enum Reception: Hashable {
    case recorded, repeated, contradiction, closed
}

/// The coordinator's tables, under the rules of the schema: a value, so that a transaction is a copy that replaces the
/// original, or does not.
struct Rows {
    private(set) var rosters: [(id: RosterID, signed: SignedRoster)] = []
    /// When each node was last heard from.
    private(set) var lastSeen: [Ed25519.PublicKey: Int64] = [:]
    /// By number: the order in which they were accepted.
    var requests: [RequestRow] = []
    /// Counts what listeners hear of.
    private(set) var announcements = 0

    /// The state changes that the schema lets through within an attempt.
    package static let transitions: [RequestState: Set<RequestState>] = [
        .accepted: [.seeded, .failed, .cancelled, .expired],
        .seeded: [.assigned, .failed, .cancelled, .expired],
        .assigned: [.voting, .failed, .cancelled, .expired],
        .voting: [.assigned, .decided, .failed, .cancelled, .expired],
        .decided: [.certified, .failed, .cancelled, .expired],
    ]

    var newestRoster: (id: RosterID, signed: SignedRoster)? { rosters.last }

    func roster(_ id: RosterID) -> SignedRoster? { rosters.first { $0.id == id }?.signed }

    func number(of id: RequestID) -> Int? { requests.firstIndex { $0.id == id } }

    mutating func announce() { announcements += 1 }

    mutating func add(_ roster: SignedRoster) throws {
        if let newest = rosters.last {
            guard roster.roster.epoch == newest.signed.roster.epoch + 1, roster.roster.previous == newest.id else {
                throw ConstraintViolation("rosters_epoch")
            }
        }
        rosters.append((try roster.roster.rosterID(), roster))
        announce()
    }

    mutating func heard(from node: Ed25519.PublicKey, at now: Int64) { lastSeen[node] = now }

    func nodes(heardWithin window: Int64, at now: Int64) -> Set<Ed25519.PublicKey> {
        Set(lastSeen.filter { $0.value > now - window }.keys)
    }

    // MARK: Requests

    /// `accept_request`: a new one, the one that is there, or another attempt at one that failed.
    mutating func accept(_ request: Request, at now: Int64, lifetime: Int64) throws {
        let id = try request.requestID()
        defer { announce() }
        guard let number = number(of: id) else {
            requests.append(RequestRow(id: id, document: request, acceptedAt: now, expiresAt: now + lifetime))
            return
        }
        guard [.failed, .cancelled, .expired].contains(requests[number].state) else { return }
        requests[number].state = requests[number].decision == nil ? .accepted : .decided
        requests[number].reason = nil
        requests[number].attempt += 1
        requests[number].leaseOwner = nil
        requests[number].leaseUntil = nil
        requests[number].expiresAt = now + lifetime
    }

    private mutating func enter(_ state: RequestState, _ number: Int) throws {
        let row = requests[number]
        guard row.state == state || Self.transitions[row.state]?.contains(state) == true else {
            throw ConstraintViolation("requests_transition")
        }
        guard state != .decided || row.decision != nil, state != .certified || row.bundle != nil else {
            throw ConstraintViolation("requests_transition")
        }
        guard [.accepted, .failed, .cancelled, .expired].contains(state) || row.seed != nil else {
            throw ConstraintViolation("requests_check")
        }
        requests[number].state = state
        announce()
    }

    mutating func seed(_ seed: Seed, _ number: Int) throws {
        requests[number].seed = seed
        try enter(.seeded, number)
    }

    mutating func openRound(_ committee: Committee, deadline: Timestamp, _ number: Int) throws {
        let rounds = requests[number].rounds
        guard (1...64).contains(committee.round), !rounds.contains(where: { $0.committee.round == committee.round })
        else { throw ConstraintViolation("rounds_pkey") }
        guard Set(committee.members.map(\.node)).count == committee.members.count,
            Set(committee.members.map(\.rank)).count == committee.members.count
        else { throw ConstraintViolation("assignments_pkey") }
        guard roster(committee.roster) != nil else { throw ConstraintViolation("rounds_roster_fkey") }
        requests[number].rounds.append(RoundRow(committee: committee, commitDeadline: deadline))
        try enter(.assigned, number)
    }

    mutating func closeSet(root: Digest, deadline: Timestamp, _ number: Int) throws {
        guard let last = requests[number].rounds.indices.last, requests[number].rounds[last].setRoot == nil else {
            throw ConstraintViolation("rounds_close_once")
        }
        requests[number].rounds[last].setRoot = root
        requests[number].rounds[last].voteDeadline = deadline
        try enter(.voting, number)
    }

    mutating func decide(_ decision: Decision, _ number: Int) throws {
        guard requests[number].decision == nil else { throw ConstraintViolation("decisions_pkey") }
        requests[number].decision = decision
        try enter(.decided, number)
    }

    mutating func certify(_ bundle: Bundle, _ number: Int) throws {
        guard requests[number].decision != nil else { throw ConstraintViolation("certificates_request_fkey") }
        guard requests[number].bundle == nil else { throw ConstraintViolation("certificates_pkey") }
        requests[number].bundle = bundle
        try end(.certified, reason: nil, number)
    }

    mutating func end(_ state: RequestState, reason: String?, _ number: Int) throws {
        guard (state == .failed) == (reason != nil) else { throw ConstraintViolation("requests_check") }
        try enter(state, number)
        requests[number].reason = reason
        requests[number].leaseOwner = nil
        requests[number].leaseUntil = nil
    }

    // MARK: Leases

    mutating func claim(_ owner: Int, limit: Int, at now: Int64, for lease: Int64) -> [Claim] {
        var claims: [Claim] = []
        for number in requests.indices where claims.count < limit && !requests[number].state.isFinal {
            if let until = requests[number].leaseUntil, until > now { continue }
            requests[number].leaseOwner = owner
            requests[number].leaseEpoch += 1
            requests[number].leaseUntil = now + lease
            claims.append(Claim(request: number, owner: owner, epoch: requests[number].leaseEpoch))
        }
        return claims
    }

    func holds(_ claim: Claim) -> Bool {
        let row = requests[claim.request]
        return row.leaseOwner == claim.owner && row.leaseEpoch == claim.epoch
    }

    mutating func renew(_ claim: Claim, at now: Int64, for lease: Int64) -> Bool {
        guard holds(claim) else { return false }
        requests[claim.request].leaseUntil = now + lease
        return true
    }

    mutating func release(_ claim: Claim) {
        guard holds(claim) else { return }
        requests[claim.request].leaseOwner = nil
        requests[claim.request].leaseUntil = nil
        announce()
    }

    mutating func releaseAll(of owner: Int) {
        for number in requests.indices where requests[number].leaseOwner == owner && !requests[number].state.isFinal {
            requests[number].leaseOwner = nil
            requests[number].leaseUntil = nil
            announce()
        }
    }

    /// When the first lease of somebody else ends.
    func nextExpiry(besides owner: Int) -> Int64? {
        requests.filter { !$0.state.isFinal && $0.leaseOwner != owner }.compactMap(\.leaseUntil).min()
    }

    // MARK: Nodes

    /// A node's oldest work that it has not committed to.
    func nextAssignment(for node: Ed25519.PublicKey, now: Timestamp) -> Assignment? {
        for row in requests where row.state == .assigned {
            guard let round = row.rounds.last, round.committee.member(node) != nil, round.setRoot == nil,
                round.commitDeadline > now, !round.commitments.contains(where: { $0.body.node == node })
            else { continue }
            return Assignment(request: row.document, committee: round.committee, deadline: round.commitDeadline)
        }
        return nil
    }

    mutating func add(_ commitment: Commitment, _ number: Int, _ round: Int) -> Reception {
        let body = commitment.body
        if let earlier = requests[number].rounds[round].commitments.first(where: { $0.body.node == body.node }) {
            return earlier == commitment ? .repeated : .contradiction
        }
        // The trigger `commitments_in_time`.
        guard round == requests[number].rounds.count - 1, requests[number].rounds[round].setRoot == nil else {
            return .closed
        }
        requests[number].rounds[round].commitments.append(commitment)
        requests[number].rounds[round].commitments.sort { $0.body.node < $1.body.node }
        announce()
        return .recorded
    }

    mutating func add(_ submission: VoteSubmission, _ number: Int, _ round: Int) throws -> Reception {
        let vote = submission.vote
        let rows = requests[number].rounds[round]
        if let earlier = rows.votes.first(where: { $0.body.node == vote.body.node }) {
            return earlier == vote ? .repeated : .contradiction
        }
        guard rows.setRoot != nil else { return .closed }
        guard rows.commitments.contains(where: { $0.body.node == vote.body.node }) else {
            throw ConstraintViolation("votes_commitments_fkey")
        }
        if requests[number].outputs[vote.body.output] == nil {
            requests[number].outputs[vote.body.output] = (submission.prompt, submission.output)
        }
        requests[number].rounds[round].votes.append(vote)
        requests[number].rounds[round].votes.sort { $0.body.node < $1.body.node }
        announce()
        return .recorded
    }
}
