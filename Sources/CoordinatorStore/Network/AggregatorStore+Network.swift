public import DNAProtocol
import Postgres

// Who is who, and what is served. Any replica may register; equal things are registered once.
extension AggregatorStore {
    /// Makes the database this network's. Throws ``StoreError/networkMismatch`` when it is another's.
    public func register(_ genesis: Genesis) async throws {
        let id = try genesis.networkID()
        let parameters: [PostgresParameter] = [.digest(id), try .document(genesis)]
        try await pool.query("INSERT INTO network (id, genesis) VALUES ($1, $2) ON CONFLICT DO NOTHING", parameters)
        let registered = try await network()
        guard registered?.id == id else { throw StoreError.networkMismatch }
    }

    /// The network; nil before it was registered.
    public func network() async throws -> NetworkRecord? { try await NetworkRecord.find(in: pool) }

    /// Keeps the network file, validated by the caller; the first one stays. Throws
    /// ``StoreError/networkFileMismatch`` when another is there.
    public func record(_ file: NetworkFile) async throws {
        try await pool.query("UPDATE network SET file = $1 WHERE file IS NULL", [try .document(file)])
        guard try await network()?.file == file else { throw StoreError.networkFileMismatch }
    }

    /// The newest epoch's id; nil before any was registered.
    public func newestRosterID() async throws -> RosterID? {
        let rows = try await pool.query("SELECT id FROM rosters ORDER BY epoch DESC LIMIT 1")
        return try rows.oneOrNone().map { RosterID(try $0.digest("id")) }
    }

    /// A roster epoch; nil for one that was never registered.
    public func roster(_ id: RosterID) async throws -> SignedRoster? {
        let rows = try await pool.query("SELECT document FROM rosters WHERE id = $1", [.digest(id)])
        return try rows.oneOrNone()?.document("document", of: "rosters")
    }
}
