import Canonical
import DNAProtocol
import Foundation
import GatewayService
import HTTPTransport
import HTTPTypes
import LocalNetwork
import NIOCore
import Postgres
import TestKit
import Testing

/// A gateway on a real socket before a real database, with the test in the aggregator's place.
struct Fixture: Sendable {
    let network: Network
    let coordinator: Coordinator
    let port: Int
    let client: HTTPClient

    /// Runs the body against a gateway, then ends it.
    static func run(
        isRegistered: Bool = true, cluster: PostgresCluster? = nil, adjust: (inout GatewayOptions) -> Void = { _ in },
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let database = try await SharedCluster.coordinatorDatabase(on: cluster)
        let network = try Network()
        let coordinator = Coordinator(network, database.owner)
        if isRegistered { try await coordinator.register() }
        // Nobody listens on the aggregator's port: the gateway needs it for its readiness only.
        var options = GatewayOptions(
            database: database.gateway.configuration, aggregators: [HTTPOrigin(host: "127.0.0.1", port: 1)])
        adjust(&options)
        let service = GatewayService(options)
        let running = Task { try await service.run() }
        let client = HTTPClient()
        let outcome: Result<Void, any Error>
        do {
            let fixture = Fixture(
                network: network, coordinator: coordinator, port: try await service.port(), client: client)
            try await body(fixture)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        running.cancel()
        _ = await running.result
        await coordinator.pool.close()
        try outcome.get()
    }

    /// A response with its body as JSON.
    struct Reply: Sendable {
        let status: Int
        let fields: HTTPFields
        let bytes: [UInt8]
        var json: JSONValue { get throws { try CanonicalJSON.parse(bytes) } }

        /// The value at a path of members.
        func value(_ path: String...) throws -> JSONValue? {
            try path.reduce(Optional(json)) { value, key in
                if case .array(let elements)? = value, let index = Int(key) { return elements[index] }
                return value?[key]
            }
        }
    }

    func get(_ path: String) async throws -> Reply { try await send(.get, path, nil) }

    func post(_ path: String, _ text: String, fields: HTTPFields = [:]) async throws -> Reply {
        try await send(.post, path, text, fields: fields)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ text: String?, fields: HTTPFields = [:]
    ) async throws -> Reply {
        let response = try await client.send(
            method, path, to: HTTPOrigin(host: "127.0.0.1", port: port), fields: fields,
            body: text.map { ByteBuffer(string: $0) }, deadline: .seconds(55))
        return Reply(
            status: response.status.code, fields: response.head.headerFields,
            bytes: Array(response.body.readableBytesView))
    }

    /// Asks over HTTP while `aggregator` sees to the answer.
    func chat(
        _ text: String = question, aggregator: @Sendable @escaping (Request) async throws -> Void
    ) async throws -> Reply {
        async let reply = post("/v1/chat/completions", text)
        try await aggregator(try await coordinator.openRequest())
        return try await reply
    }

    /// Until the gateway's listener is in force.
    func waitForListener() async throws {
        try await eventually { try await listeners().count == 1 }
    }

    /// Process ids of the sessions that listen in this database.
    func listeners() async throws -> [Int] {
        try await coordinator.pool.query(
            """
            SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN %'
            """
        ).map { try $0.value("pid") }
    }
}

let question =
    #"{"model":"org/small","messages":[{"role":"user","content":"What is the capital of France?"}],"seed":7}"#
let paris = Output(tokens: [12, 13, 2], text: "Paris.", finishReason: .stop)
