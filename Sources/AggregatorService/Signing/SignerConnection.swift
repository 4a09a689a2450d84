import DNAProtocol
import ServiceKit

/// One signer, as the aggregator sees it.
struct SignerConnection: Sendable {
    /// Its identifier in the genesis.
    let identifier: Int
    private let client: JSONClient
    private let timeout: Duration

    init(identifier: Int, client: JSONClient, timeout: Duration) {
        self.identifier = identifier
        self.client = client
        self.timeout = timeout
    }

    func nonces(_ request: NonceRequest) async throws -> NonceReply {
        try await client.post("/v1/signing/nonces", request, deadline: timeout)
    }

    func share(_ request: ShareRequest) async throws -> ShareReply {
        try await client.post("/v1/signing/shares", request, deadline: timeout)
    }

    func networkFile() async throws -> NetworkFile {
        try await client.get("/v1/network-file", deadline: timeout)
    }

    func deliver(_ roster: SignedRoster) async throws -> PinnedRoster {
        try await client.post("/v1/rosters", roster, deadline: timeout, isIdempotent: true)
    }

    /// Asked for a health check, whose own time is short: one that hangs must not keep the others from being counted.
    func isReady() async -> Bool {
        (try? await client.readiness(deadline: min(timeout, Self.readinessTimeout)))?.ready ?? false
    }

    private static let readinessTimeout: Duration = .seconds(1)
}
