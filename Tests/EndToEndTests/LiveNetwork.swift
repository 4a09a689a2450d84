import Canonical
import DNAProtocol
import Foundation
import HTTPTransport
import LocalNetwork
import Logging
import ModelStorage
import NIOCore
import NodeState
import ServiceKit
import Synchronization
import TestKit
import Testing
import WorkerService

/// A whole network of real processes with the real model, one for all tests of a suite.
struct LiveNetwork: Sendable {
    @TaskLocal static var current: LiveNetwork?

    let folder: NetworkFolder
    let client: HTTPClient
    /// Speaks to the services as the network's administrator.
    let administrator: HTTPClient
    let gateway: HTTPOrigin

    static func shared() throws -> LiveNetwork { try #require(current) }

    var networkFile: NetworkFile {
        get throws { try JSONFile.read(NetworkFile.self, path: folder.networkFile) }
    }

    /// How a network is run whose folder this is: with a cache of its own, and a port that is free.
    static func options(_ folder: NetworkFolder) throws -> LocalNetwork.Options {
        let models = folder.path + "/models"
        var options = LocalNetwork.Options(
            executables: (try builtExecutable("gateway") as NSString).deletingLastPathComponent,
            weights: RealModel.path, cache: try PackageCache(folder: models, read: ModelReading.reader),
            storage: ["--model-cache", models])
        options.port = 0
        return options
    }

    /// Sends JSON text to a path of the gateway.
    func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, json: JSONValue) {
        let response = try await client.send(
            method == "GET" ? .get : .post, path, to: gateway, fields: [.contentType: "application/json"],
            body: body.map { ByteBuffer(string: $0) }, deadline: .seconds(120))
        return (response.status.code, try CanonicalJSON.parse(Array(response.body.readableBytesView)))
    }

    /// Asks, and fetches the certificate with its evidence.
    func ask(_ prompt: String, tokens: Int = 8, extra: String = "") async throws -> (answer: JSONValue, bundle: Bundle)
    {
        let quoted = String(decoding: try CanonicalJSON.encode(prompt), as: UTF8.self)
        let body = """
            {"model":"SmolLM2-135M-Instruct","max_tokens":\(tokens),"messages":[{"role":"user","content":\(quoted)}]\(extra)}
            """
        let (status, answer) = try await send("POST", "/v1/chat/completions", body)
        try #require(status == 200, "\(answer)")
        let request = try #require(answer["dna"]?["request_id"]?.text)
        return (answer, try await bundle(of: request))
    }

    /// A request's certificate with its evidence.
    func bundle(of request: String) async throws -> Bundle {
        try await JSONClient(client, origin: gateway).get(
            "/v1/requests/\(request)/certificate", as: DNAProtocol.Bundle.self)
    }

    /// Runs `dna` as the network's administrator, and gives what it prints.
    @discardableResult
    func dna(_ arguments: String...) async throws -> [UInt8] { try await folder.dna(arguments) }

    typealias Bundle = DNAProtocol.Bundle
}

extension NetworkFolder {
    /// Runs `dna` on the network in this folder, as its administrator, and gives what it prints.
    func dna(_ arguments: [String]) async throws -> [UInt8] {
        let output = path + "/output"
        try? FileManager.default.removeItem(atPath: output)
        let process = try await ChildProcess.start(
            ProcessSpecification(
                name: "dna", executable: try builtExecutable("dna"), arguments: arguments + ["--state", path],
                environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DNA_") },
                logFile: output))
        let text = { String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self) }
        try #require(await process.waitForExit() == .exited(0), "\(text())")
        return Array(text().utf8)
    }
}

extension JSONValue {
    subscript(key: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[key]
    }

    subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

/// Starts the network before a suite and stops it afterwards.
struct LiveNetworkTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString.prefix(8))").path
        let folder = NetworkFolder(path: path)
        defer {
            // Run as root, the database lies outside the folder.
            if let genesis = try? JSONFile.read(Genesis.self, path: folder.genesis), let id = try? genesis.networkID() {
                let data = folder.postgres(of: id) as NSString
                try? FileManager.default.removeItem(atPath: data.deletingLastPathComponent)
            }
            try? FileManager.default.removeItem(atPath: path)
        }
        try await LocalNetwork(folder: folder, options: LiveNetwork.options(folder)) { _ in }.run { gateway in
            var logger = Logger(label: "end-to-end")
            logger.logLevel = .critical
            let client = HTTPClient(logger: logger)
            let link = try LinkSecurity(
                LinkFiles(
                    certificate: folder.certificate(of: "administrator"),
                    privateKey: folder.privateKey(of: "administrator"), authority: folder.authority), logger: logger)
            var options = HTTPClientOptions()
            options.tls = try link.client(expecting: .aggregator, .gateway, .signer, .worker)
            let administrator = HTTPClient(options: options, logger: logger)
            let origin = try #require(HTTPOrigin(gateway))
            let network = LiveNetwork(folder: folder, client: client, administrator: administrator, gateway: origin)
            func end() async {
                await client.shutdown()
                await administrator.shutdown()
            }
            do {
                try await LiveNetwork.$current.withValue(network) { try await body() }
                await end()
            } catch {
                await end()
                throw error
            }
        }
    }
}

extension SuiteTrait where Self == LiveNetworkTrait {
    static var liveNetwork: LiveNetworkTrait { LiveNetworkTrait() }
}
