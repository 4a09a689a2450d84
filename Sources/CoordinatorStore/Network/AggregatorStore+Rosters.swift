public import DNAProtocol
import Postgres

// Roster epochs: one chain, whose last is in force at once for everybody.
extension AggregatorStore {
    /// The most epochs that wait for signatures at once.
    public static let maximumProposals = 64

    /// Makes an epoch that this replica was started with, validated by the caller, known to all. One that is older than
    /// the newest changes nothing. Throws ``StoreError/rosterRefused`` for another roster of a known epoch, or a next one
    /// that does not follow.
    public func register(_ signed: SignedRoster) async throws {
        let id = try signed.roster.rosterID()
        try await pool.withTransaction { transaction in
            guard let newest = try await Self.newestLocked(in: transaction) else {
                return try await Self.insert(signed, id, in: transaction)
            }
            let offered = signed.roster.epoch
            if offered <= newest.epoch {
                let rows = try await transaction.query(
                    "SELECT id FROM rosters WHERE epoch = $1", [.int(offered)])
                guard let known = try rows.oneOrNone(), RosterID(try known.digest("id")) != id else { return }
                throw StoreError.rosterRefused(stored: newest.epoch, offered: offered)
            }
            // After an epoch that was missed here the administrators' signatures alone must do.
            guard offered > newest.epoch + 1 || signed.roster.previous == newest.id else {
                throw StoreError.rosterRefused(stored: newest.epoch, offered: offered)
            }
            try await Self.insert(signed, id, in: transaction)
        }
    }

    /// Takes an epoch from an administrator, its form and signatures validated by the caller: makes it the newest once
    /// `threshold` administrators have signed it, here or before, and keeps it as a proposal until then. Throws
    /// ``StoreError/rosterRefused`` unless it follows the newest, and ``StoreError/tooManyProposals``.
    public func publish(_ offered: SignedRoster, threshold: Int) async throws -> RosterReceipt {
        let id = try offered.roster.rosterID()
        return try await pool.withTransaction { transaction in
            guard let newest = try await Self.newestLocked(in: transaction) else { throw StoreError.networkUnknown }
            let epoch = offered.roster.epoch
            func receipt(_ state: RosterReceipt.State, _ signatures: Int) -> RosterReceipt {
                RosterReceipt(roster: id, epoch: epoch, state: state, signatures: signatures)
            }
            if newest.id == id { return receipt(.published, offered.signatures.count) }
            guard epoch - 1 == newest.epoch, offered.roster.previous == newest.id else {
                throw StoreError.rosterRefused(stored: newest.epoch, offered: epoch)
            }
            let rows = try await transaction.query(
                "SELECT document FROM roster_proposals WHERE id = $1", [.digest(id)])
            let before: SignedRoster? = try rows.oneOrNone()?.document("document", of: "roster_proposals")
            let signed = offered.joining(before)
            guard signed.signatures.count < threshold else {
                try await Self.insert(signed, id, in: transaction)
                try await transaction.query("DELETE FROM roster_proposals")
                return receipt(.published, signed.signatures.count)
            }
            try await Self.propose(signed, id, in: transaction)
            return receipt(.proposed, signed.signatures.count)
        }
    }

    /// The epoch of this number; nil for one that was never registered here.
    public func roster(epoch: Int) async throws -> SignedRoster? {
        let rows = try await pool.query("SELECT document FROM rosters WHERE epoch = $1", [.int(epoch)])
        return try rows.oneOrNone()?.document("document", of: "rosters")
    }

    /// Epochs that wait for signatures, the first proposed first.
    public func proposals() async throws -> [SignedRoster] {
        let rows = try await pool.query("SELECT document FROM roster_proposals ORDER BY proposed_at, id")
        return try rows.map { try $0.document("document", of: "roster_proposals") }
    }

    /// The newest epoch's id and number. Nobody registers another until the transaction ends.
    private static func newestLocked(in transaction: PostgresTransaction) async throws -> (id: RosterID, epoch: Int)? {
        // Serialises replicas that register at the same time.
        try await transaction.query("SELECT FROM network FOR UPDATE")
        let rows = try await transaction.query("SELECT id, epoch FROM rosters ORDER BY epoch DESC LIMIT 1")
        return try rows.first.map { (RosterID(try $0.digest("id")), try $0.value("epoch")) }
    }

    private static func insert(
        _ signed: SignedRoster, _ id: RosterID, in transaction: PostgresTransaction
    ) async throws {
        try await transaction.query(
            "INSERT INTO rosters (id, epoch, document) VALUES ($1, $2::int8::int4, $3)",
            [.digest(id), .int(signed.roster.epoch), try .document(signed)])
        // Whoever is on it has got its answer: should it be taken off again, it must ask anew.
        try await transaction.query(
            """
            UPDATE applications a SET received_at = '-infinity'
            WHERE EXISTS (SELECT FROM roster_nodes r WHERE r.node = a.node AND r.status <> 'left')
            """)
    }

    private static func propose(
        _ signed: SignedRoster, _ id: RosterID, in transaction: PostgresTransaction
    ) async throws {
        let rows = try await transaction.query(
            """
            INSERT INTO roster_proposals (id, epoch, document)
            SELECT $1, $2::int8::int4, $3
            WHERE (SELECT count(*) FROM roster_proposals WHERE id <> $1) < $4
            ON CONFLICT (id) DO UPDATE SET document = excluded.document
            """, [.digest(id), .int(signed.roster.epoch), try .document(signed), .int(maximumProposals)])
        guard rows.affectedCount == 1 else { throw StoreError.tooManyProposals }
    }
}

extension SignedRoster {
    /// The same epoch with the signatures of `other` as well.
    fileprivate func joining(_ other: SignedRoster?) -> SignedRoster {
        guard let other else { return self }
        let known = Set(signatures.map(\.administrator))
        return SignedRoster(
            roster: roster, signatures: signatures + other.signatures.filter { !known.contains($0.administrator) })
    }
}
