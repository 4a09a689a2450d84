import Foundation
import GatewayService
import HTTPTransport
import Hummingbird
import Postgres
import ServiceKit
import Testing

/// `openapi/gateway.yaml` and the router name the same routes.
@Suite struct DescriptionTests {
    @Test func theDescriptionNamesEveryRouteAndNoOther() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../openapi/gateway.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        var described: Set<String> = []
        var path = ""
        for line in lines.prefix(while: { $0 != "components:" }) {
            if line.hasPrefix("  /") { path = line.trimmingCharacters(in: [" ", ":"]) }
            if line == "    get:" || line == "    post:" {
                described.insert("\(line.trimmingCharacters(in: [" ", ":"]).uppercased()) \(path)")
            }
        }
        #expect(described.count == 10)
        #expect(described == Set(try routes()))
    }

    private func routes() throws -> [String] {
        let pool = PostgresPool(try PostgresConfiguration(connectionString: "host=/nowhere"))
        let desk = Desk(
            store: .init(pool: pool), waiting: WaitingRegistry(limit: 1), timeout: .seconds(1), lifetime: 1)
        let aggregator = JSONClient(HTTPClient(), origin: HTTPOrigin(host: "127.0.0.1", port: 1))
        return GatewayRoutes(
            desk: desk, aggregators: [aggregator], listening: ListeningState(),
            metrics: GatewayMetrics(MetricsRegistry(), waiting: desk.waiting)
        ).router().routes.map { route in
            let path = route.path.description.split(separator: "/").map { part in
                part == "**" ? "{model}" : part.hasPrefix(":") ? "{\(part.dropFirst())}" : String(part)
            }
            return "\(route.method.rawValue) /\(path.joined(separator: "/"))"
        }
    }
}
