import DNAProtocol
import Foundation
import HTTPTransport
import Logging
import ServiceKit

/// Asks services on loopback until they are ready.
struct ReadinessProbe: Sendable {
    private static let interval: Duration = .milliseconds(50)
    private static let limit: Duration = .seconds(120)

    /// For the services, as the network's administrator.
    private let members: HTTPClient
    /// For the gateway's public port.
    private let visitor: HTTPClient

    init(folder: NetworkFolder) throws {
        var logger = Logger(label: "dna.local-network")
        logger.logLevel = .critical
        let link = try LinkSecurity(
            LinkFiles(
                certificate: folder.certificate(of: "administrator"),
                privateKey: folder.privateKey(of: "administrator"), authority: folder.authority), logger: logger)
        var options = HTTPClientOptions()
        options.tls = try link.client(expecting: .signer, .aggregator, .worker)
        members = HTTPClient(options: options, logger: logger)
        visitor = HTTPClient(logger: logger)
    }

    func shutdown() async {
        await members.shutdown()
        await visitor.shutdown()
    }

    private func client(for origin: HTTPOrigin) -> HTTPClient { origin.isSecure ? members : visitor }

    /// The network file, from the first signer that has it.
    func networkFile(of origins: [String]) async throws -> NetworkFile {
        try await retry("no signer has a group key") {
            try await first(of: origins, "/v1/network-file", as: NetworkFile.self)
        }
    }

    /// The newest roster epoch, from the first aggregator that knows it.
    func roster(of origins: [String], in genesis: Genesis) async throws -> SignedRoster {
        let signed = try await retry("no aggregator knows the roster") {
            try await first(of: origins, "/v1/roster", as: SignedRoster.self)
        }
        try signed.validate(in: genesis)
        return signed
    }

    private func first<Document: Decodable>(
        of origins: [String], _ path: String, as type: Document.Type
    ) async throws -> Document? {
        for origin in origins {
            let target = try parse(origin)
            let client = JSONClient(client(for: target), origin: target, retry: .never)
            if let document = try? await client.get(path, as: type, deadline: .seconds(2)) { return document }
        }
        return nil
    }

    /// Waits until `/readyz` of every service answers 200.
    func waitUntilReady(_ origins: [String]) async throws {
        for origin in origins {
            let target = try parse(origin)
            _ = try await retry("\(origin) is not ready") {
                let response = try? await client(for: target).send(.get, "/readyz", to: target, deadline: .seconds(2))
                return response?.status == .ok ? true : nil
            }
        }
    }

    private func parse(_ origin: String) throws -> HTTPOrigin {
        guard let parsed = HTTPOrigin(origin) else { throw LocalNetworkError("\(origin) is not a URL") }
        return parsed
    }

    private func retry<Value>(_ failure: String, _ attempt: () async throws -> Value?) async throws -> Value {
        let deadline = ContinuousClock.now + Self.limit
        while ContinuousClock.now < deadline {
            if let value = try await attempt() { return value }
            try await Task.sleep(for: Self.interval)
        }
        throw LocalNetworkError("\(failure) after \(Self.limit); the logs say why")
    }
}

/// Why a local network did not start.
public struct LocalNetworkError: Error, CustomStringConvertible {
    /// A sentence for people.
    public let description: String

    init(_ description: String) { self.description = description }
}
