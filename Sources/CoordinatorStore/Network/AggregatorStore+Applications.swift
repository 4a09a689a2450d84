import Canonical
public import Cryptography
public import DNAProtocol
import Postgres

/// How many nodes may wait for an administrator.
public struct ApplicationLimits: Hashable, Sendable {
    /// Altogether.
    public var total = 1_000
    /// With one invitation, beyond its open uses: a node that lost its key comes again with another.
    public var beyondUses = 8

    /// The numbers above.
    public init() {}
}

// What nodes ask of the administrators. Who may ask, the caller has checked.
extension AggregatorStore {
    /// Keeps a node's request to join, in place of an earlier one, and forgets its wish to leave. `invitations` are those
    /// that are good, with the number of nodes that may still come by each. Throws ``StoreError/tooManyApplications``.
    public func apply(
        _ join: JoinRequest, invitations: [(id: InvitationID, openUses: Int)],
        limits: ApplicationLimits = ApplicationLimits()
    ) async throws {
        let node = PostgresParameter.key(join.body.node)
        try await pool.withTransaction { transaction in
            // Serialises applicants, so that nobody slips past the limits.
            try await transaction.query("SELECT FROM network FOR UPDATE")
            try await transaction.query(
                """
                DELETE FROM applications a WHERE received_at < now() - make_interval(secs => $1)
                    AND NOT EXISTS (SELECT FROM roster_nodes r WHERE r.node = a.node)
                """, [.int(Int(JoinRequest.Body.lifetime))])
            for invitation in invitations {
                let rows = try await transaction.query(
                    """
                    SELECT count(*) AS total, count(*) FILTER (WHERE $2 = ANY (invitations)) AS sharing
                    FROM applications a WHERE node <> $1
                        AND NOT EXISTS (SELECT FROM roster_nodes r WHERE r.node = a.node AND r.status <> 'left')
                    """, [node, .digest(invitation.id)])
                guard let row = rows.first, try row.value("total", as: Int.self) < limits.total,
                    try row.value("sharing", as: Int.self) < invitation.openUses + limits.beyondUses
                else { throw StoreError.tooManyApplications }
            }
            // A repetition, with which a node goes on waiting, is nothing new to administrators.
            try await transaction.query(
                """
                INSERT INTO applications AS known (node, invitations, document) VALUES ($1, $2, $3)
                ON CONFLICT (node) DO UPDATE SET invitations = excluded.invitations, document = excluded.document,
                    received_at = now(),
                    position = CASE
                        WHEN known.invitations = excluded.invitations AND known.received_at > now() - interval '5 min'
                            AND NOT EXISTS (SELECT FROM leaves WHERE node = $1)
                        THEN known.position ELSE excluded.position END
                """,
                [node, .byteStrings(invitations.map(\.id.digest.bytes)), try .document(join)])
            try await transaction.query("DELETE FROM leaves WHERE node = $1", [node])
        }
    }

    /// Forgets a node's wish to leave: it is active, and has asked to stay.
    public func stay(_ node: Ed25519.PublicKey) async throws {
        try await pool.query("DELETE FROM leaves WHERE node = $1", [.key(node)])
    }

    /// Keeps a node's request to leave. It is given no more work.
    public func leave(_ request: LeaveRequest) async throws {
        let node = PostgresParameter.key(request.body.node)
        try await pool.query(
            """
            WITH gone AS (UPDATE nodes SET models = '{}' WHERE key = $1)
            INSERT INTO leaves (node, document) VALUES ($1, $2)
            ON CONFLICT (node) DO UPDATE SET document = excluded.document, position = excluded.position
            """, [node, try .document(request)])
    }

    /// Everything that waits for an administrator.
    public func applications() async throws -> NodeApplications {
        let rows = try await pool.query(
            """
            SELECT
                greatest(
                    (SELECT coalesce(max(position), 0) FROM applications),
                    (SELECT coalesce(max(position), 0) FROM leaves)) AS position,
                ARRAY(
                    SELECT document::text FROM applications a
                    WHERE received_at > now() - make_interval(secs => $1)
                        AND NOT EXISTS (SELECT FROM roster_nodes r WHERE r.node = a.node AND r.status <> 'left')
                        AND NOT EXISTS (
                            SELECT FROM leaves l WHERE l.node = a.node AND l.received_at > a.received_at)
                    ORDER BY position
                ) AS joins,
                ARRAY(
                    SELECT document::text FROM leaves l
                    WHERE EXISTS (SELECT FROM roster_nodes r WHERE r.node = l.node AND r.status = 'active')
                    ORDER BY position
                ) AS leaves
            """, [.int(Int(JoinRequest.Body.lifetime))])
        guard let row = rows.first else { return NodeApplications(position: 0, joins: [], leaves: []) }
        return NodeApplications(
            position: try row.value("position"),
            joins: try row.value("joins", as: [String].self)
                .map { try StoredDocument.decode($0, of: "applications") },
            leaves: try row.value("leaves", as: [String].self).map { try StoredDocument.decode($0, of: "leaves") })
    }

    /// Whether a node has asked to join, not long ago and not followed by a wish to leave; and its certificate.
    public func application(of node: Ed25519.PublicKey) async throws -> (isWaiting: Bool, certificate: String?) {
        let rows = try await pool.query(
            """
            SELECT EXISTS (
                    SELECT FROM applications a
                    WHERE node = $1 AND received_at > now() - make_interval(secs => $2)
                        AND NOT EXISTS (
                            SELECT FROM leaves l WHERE l.node = a.node AND l.received_at > a.received_at)
                ) AS is_waiting,
                (SELECT certificate FROM node_certificates WHERE node = $1) AS certificate
            """, [.key(node), .int(Int(JoinRequest.Body.lifetime))])
        guard let row = rows.first else { return (false, nil) }
        return (try row.value("is_waiting"), try row.optional("certificate", as: String.self))
    }

    /// Keeps a node's certificate in place of an earlier one.
    public func store(_ certificate: NodeCertificate, of node: Ed25519.PublicKey) async throws {
        try await pool.query(
            """
            INSERT INTO node_certificates (node, certificate, issued_at, expires_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (node) DO UPDATE SET certificate = excluded.certificate, issued_at = excluded.issued_at,
                expires_at = excluded.expires_at
            """,
            [
                .key(node), .text(certificate.certificate), .timestamp(certificate.times.issuedAt),
                .timestamp(certificate.times.expiresAt),
            ])
    }

    /// What is known about the nodes of the newest epoch, by ascending key.
    public func nodeReports() async throws -> [NodeReport] {
        let rows = try await pool.query(
            """
            SELECT r.node, coalesce(n.models, '{}') AS models, n.last_seen, c.issued_at, c.expires_at
            FROM roster_nodes r LEFT JOIN nodes n ON n.key = r.node LEFT JOIN node_certificates c ON c.node = r.node
            ORDER BY r.node
            """)
        return try rows.map { row in
            var times: NodeReport.CertificateTimes?
            if let issued = try row.timestampIfAny("issued_at"), let expires = try row.timestampIfAny("expires_at") {
                times = .init(issuedAt: issued, expiresAt: expires)
            }
            return NodeReport(
                node: try row.key("node"),
                models: try row.value("models", as: [[UInt8]].self).compactMap {
                    Digest(bytes: $0).map { ModelID($0) }
                },
                lastSeen: try row.timestampIfAny("last_seen"), certificate: times)
        }
    }
}
