public import ArgumentParser
public import Foundation
public import HTTPTransport
public import HTTPTypes
import TLS

/// Options of every command that talks to a gateway's public API.
public struct GatewayArguments: ParsableArguments {
    /// The URL as it was given.
    @Option(help: "The gateway's URL, http or https (DNA_GATEWAY; default http://127.0.0.1:8080).")
    public var gateway: String?

    @Option(
        help: ArgumentHelp("The API key, where the gateway asks for one (DNA_API_KEY, which other users cannot see)."))
    var apiKey: String?

    @Option(help: "Who vouches for an https gateway: PEM. Without it, whom this system trusts.")
    var authority: String?

    /// Nothing given yet.
    public init() {}

    /// Where the gateway is. Throws when it is no origin, or when `--authority` would vouch for nothing.
    public func origin(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> HTTPOrigin {
        let url = gateway ?? environment["DNA_GATEWAY"] ?? "http://127.0.0.1:8080"
        guard let origin = HTTPOrigin(url) else { throw ValidationError("\(url) is not an http or https URL") }
        guard origin.isSecure || authority == nil else {
            throw ValidationError("--authority is for an https gateway, and \(url) is in the clear")
        }
        return origin
    }

    /// What every request carries: the API key, if there is one.
    public func fields(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> HTTPFields {
        guard let key = apiKey ?? environment["DNA_API_KEY"], !key.isEmpty else { return [:] }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValidationError("the API key must be visible ASCII characters without spaces")
        }
        return [.authorization: "Bearer \(key)"]
    }

    /// How to connect to `origin`. A public gateway's certificate names its host and need not name a member of a network.
    public func clientOptions(for origin: HTTPOrigin) throws -> HTTPClientOptions {
        var options = HTTPClientOptions()
        guard origin.isSecure else { return options }
        let authorities = try authority.map { try Certificate.chain(pem: PEMFile.read($0)) } ?? []
        options.tls = HTTPTLSOptions(TLSContextSource(try .client(authorities: authorities, protocols: ["h2"])))
        return options
    }
}
