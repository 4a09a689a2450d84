import ArgumentParser
import Canonical
import DNAProtocol
import Foundation
import HTTPTransport
import HTTPTypes
import Logging
import ServiceArguments
import ServiceKit

/// The gateway's public API, as the command line uses it.
struct GatewayClient {
    private let client: JSONClient
    private let fields: HTTPFields
    private let deadline: Duration

    /// Connects to the gateway that `arguments` name for the time of `body`.
    static func with(
        _ arguments: GatewayArguments, deadline: Duration, _ body: (GatewayClient) async throws -> Void
    ) async throws {
        let origin = try arguments.origin()
        let fields = try arguments.fields()
        let options = try arguments.clientOptions(for: origin)
        var logger = Logger(label: "dna")
        logger.logLevel = .critical
        let transport = HTTPClient(options: options, logger: logger)
        do {
            let client = JSONClient(transport, origin: origin)
            try await body(GatewayClient(client: client, fields: fields, deadline: deadline))
            await transport.shutdown()
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// Asks, and waits for the certified answer.
    func complete(_ body: JSONValue) async throws -> GatewayAnswer {
        let value = try await client.post(
            "/v1/chat/completions", body, as: JSONValue.self, fields: fields, deadline: deadline)
        let shape = try CanonicalJSON.decode(GatewayAnswer.Shape.self, from: value)
        guard let text = shape.choices.first?.message.content else {
            throw ValidationError("the gateway answered without a choice")
        }
        return GatewayAnswer(requestID: shape.dna.requestID, text: text, json: try CanonicalJSON.encode(value))
    }

    /// The certificate with all its evidence.
    func bundle(of request: RequestID) async throws -> DNAProtocol.Bundle {
        try await client.get("/v1/requests/\(request)/certificate", as: DNAProtocol.Bundle.self, fields: fields)
    }

    /// What was recorded against nodes and signers.
    func misbehaviour(of request: RequestID) async throws -> MisbehaviourReport {
        try await client.get("/v1/requests/\(request)/evidence", as: MisbehaviourReport.self, fields: fields)
    }

    /// The network file the gateway shows.
    func networkFile() async throws -> NetworkFile {
        try await client.get("/v1/network", as: NetworkFile.self, fields: fields)
    }

    /// The administrators' words on a model that the gateway knows by this name.
    func registrations(of model: String) async throws -> [ModelRegistration] {
        struct Model: Decodable {
            struct Details: Decodable { var registrations: [ModelRegistration] }
            var dna: Details
        }
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._")
        let name = model.addingPercentEncoding(withAllowedCharacters: allowed) ?? model
        return try await client.get("/v1/models/\(name)", as: Model.self, fields: fields).dna.registrations
    }

    /// The id of the first model the gateway lists.
    func firstModel() async throws -> String? {
        struct List: Decodable {
            struct Model: Decodable { var id: String }
            var data: [Model]
        }
        return try await client.get("/v1/models", as: List.self, fields: fields).data.first?.id
    }
}

/// What `dna ask` needs of an answer.
struct GatewayAnswer {
    let requestID: RequestID
    let text: String
    /// The whole answer.
    let json: [UInt8]

    struct Shape: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable { var content: String }
            var message: Message
        }
        struct Extension: Decodable {
            var requestID: RequestID
            enum CodingKeys: String, CodingKey { case requestID = "request_id" }
        }
        var choices: [Choice]
        var dna: Extension
    }
}
