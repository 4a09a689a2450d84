import GatewayService
import HTTPTransport
import Logging
import ServiceKit
import Testing

/// What the public health check says of the aggregators behind it.
@Suite struct AggregatorReadinessTests {
    private typealias Check = Readiness.Check

    private func readiness(_ checks: Check...) -> Readiness {
        Readiness(ready: checks.allSatisfy { $0.ready || !$0.required }, checks: checks)
    }

    @Test func namesTheChecksThatFailAndCounts() {
        let words = AggregatorReadiness.words(
            [
                readiness(
                    Check("database", ready: true),
                    Check("signers", ready: false, detail: "2 of the 3 signers it takes are ready"),
                    Check("workers", ready: false, required: false, detail: "0 of the 3 workers it takes are there"))
            ], of: 1)
        #expect(words == "signers: 2 of the 3 signers it takes are ready")
    }

    @Test func saysOnceWhatSeveralLackAndHowManyAreSilent() {
        let lacking = readiness(
            Check("database", ready: false, detail: "not available"),
            Check("signers", ready: false, detail: "0 of the 3 signers it takes are ready"))
        #expect(
            AggregatorReadiness.words([lacking, lacking], of: 4)
                == "database: not ready; signers: 0 of the 3 signers it takes are ready; "
                + "2 of 4 aggregators do not answer")
        #expect(AggregatorReadiness.words([], of: 1) == "1 of 1 aggregators does not answer")
    }

    @Test func anotherChecksWordsStayInside() {
        let told = readiness(Check("database", ready: false, detail: "no route to 10.0.0.7"))
        #expect(AggregatorReadiness.words([told], of: 1) == "database: not ready")
        let long = readiness(Check("signers", ready: false, detail: String(repeating: "x", count: 10_000)))
        #expect(AggregatorReadiness.words([long], of: 1).count < 200)
    }

    @Test func oneThatIsReadyIsEnough() async throws {
        let client = HTTPClient(logger: quiet)
        let detail = "1 of the 3 signers it takes are ready"
        try await withReadiness(readiness(Check("signers", ready: false, detail: detail))) { lacking in
            try await withReadiness(readiness(Check("signers", ready: true))) { ready in
                func reason(_ origins: HTTPOrigin...) async -> String? {
                    let clients = origins.map { JSONClient(client, origin: $0, retry: .never) }
                    return await AggregatorReadiness.obstacle(among: clients)
                }
                // Port 1 answers nobody.
                let nobody = HTTPOrigin(host: "127.0.0.1", port: 1)
                #expect(await reason(nobody, lacking, ready) == nil)
                #expect(
                    await reason(nobody, lacking) == "signers: \(detail); 1 of 2 aggregators does not answer")
            }
        }
        await client.shutdown()
    }

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A service whose health is this.
    private func withReadiness(
        _ readiness: Readiness, _ body: (HTTPOrigin) async throws -> Void
    ) async throws {
        let router = ServiceRouter.service()
        router.addHealthRoutes(ReadinessBoard { readiness })
        let service = HTTPService(router: router, options: HTTPServiceOptions(), logger: quiet)
        let running = Task { try await service.run() }
        try await body(HTTPOrigin(host: "127.0.0.1", port: try await service.port()))
        running.cancel()
        _ = await running.result
    }
}
