import ArgumentParser
import Foundation
import Logging
import ServiceArguments
import ServiceKit
import ServiceLifecycle
import SignerService

/// The signer's command line and environment.
struct SignerCommandOptions: ParsableArguments {
    struct Listener: ListenerDefaults {
        static let port = 8090
        static let purpose = "HTTP/2"
    }

    @OptionGroup var network: NetworkArguments

    @Option(help: "This signer's identifier in the genesis (DNA_IDENTIFIER).")
    var identifier: Int?

    @Option(help: "The folder of this signer's state, its share among it (DNA_STATE).")
    var state: String?

    @Option(help: "A file with the passphrase of keys and state, closed to others (DNA_PASSPHRASE_FILE).")
    var passphraseFile: String?

    @Option(help: "The sealed identity key (DNA_IDENTITY_KEY).")
    var identityKey: String?

    @Option(help: "The sealed encryption key (DNA_ENCRYPTION_KEY).")
    var encryptionKey: String?

    @Option(help: "The other signers: 1=https://host:port,2=…; not needed once the key is generated (DNA_PEERS).")
    var peers: String?

    @OptionGroup var listener: ListenerArguments<Listener>
    @OptionGroup var link: LinkArguments

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> SignerOptions {
        func text(_ option: String?, _ name: String, _ variable: String) throws -> String {
            try required(option, name, variable, environment)
        }
        guard let identifier = identifier ?? environment["DNA_IDENTIFIER"].flatMap({ Int($0) }) else {
            throw ValidationError("--identifier or DNA_IDENTIFIER is required")
        }
        guard let peers = SignerOrigins.read(peers ?? environment["DNA_PEERS"] ?? "") else {
            throw ValidationError("--peers: expected 1=https://host:port,2=…")
        }
        let address = try listener.resolve(environment)
        return SignerOptions(
            genesisPath: try network.genesisPath(environment), identifier: identifier,
            statePath: try text(state, "state", "DNA_STATE"),
            passphrasePath: try text(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE"),
            identityKeyPath: try text(identityKey, "identity-key", "DNA_IDENTITY_KEY"),
            encryptionKeyPath: try text(encryptionKey, "encryption-key", "DNA_ENCRYPTION_KEY"),
            rosterPath: network.rosterPath(environment), peers: peers,
            http: HTTPServiceOptions(host: address.host, port: address.port))
    }

    /// Gives the options their TLS, and returns what watches the files.
    func secure(_ options: inout SignerOptions, logger: Logger) throws -> [any Service] {
        let link = try link.link(logger: logger)
        try LinkArguments.require(Array(options.peers.values), of: "peers", link)
        options.http.server.tls = try link?.server()
        options.certificateIdentity = link?.identity
        options.peerTLS = try link?.client(expecting: .signer)
        return [link].compactMap(\.self)
    }
}
