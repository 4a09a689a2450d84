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
    var contradictions: [ContradictionRow] = []

    /// Nodes that contradicted themselves in any round: they count for nothing.
    var contradicted: Set<Ed25519.PublicKey> { Set(contradictions.map(\.node)) }

    /// A round's commitments, without those of nodes that contradicted themselves in it before the set closed.
    func commitments(in round: Int) -> [Commitment] {
        let rows = rounds[round]
        let excluded = contradictions.filter { $0.isBeforeSet && $0.round == rows.committee.round }.map(\.node)
        return excluded.isEmpty ? rows.commitments : rows.commitments.filter { !excluded.contains($0.body.node) }
    }

    /// A round's closed set; nil while it is open.
    func set(of round: Int) -> CommitmentSet? {
        rounds[round].setRoot.map { _ in
            CommitmentSet(round: rounds[round].committee.round, commitments: commitments(in: round))
        }
    }
}

/// Two statements of one node, kept for good.
struct ContradictionRow {
    let node: Ed25519.PublicKey
    let round: Int
    let contradiction: Contradiction
    /// Whether the round's set was open: then the node's commitment stays out of it.
    let isBeforeSet: Bool
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
    /// Faults that hold what a node signed: it may be held against it.
    var lateCommitments: [Commitment] = []
    var mismatchedVotes: [Vote] = []
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
    /// Every contradiction ever recorded, in order.
    var accusations: [Contradiction] = []
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
}
