import ArgumentParser
import Foundation
import ServiceKit
import SignerService

/// The signer's command line and environment.
struct SignerCommandOptions: ParsableArguments {
    private static let host = Setting("host", default: "127.0.0.1", help: "Address to bind")
    private static let port = Setting(
        "port", default: 8090, range: 0...65_535, help: "Port for HTTP/2; 0 takes a free one")

    @Option(help: "The network's genesis (DNA_GENESIS).")
    var genesis: String?

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

    @Option(help: "A roster epoch; not needed once one is known (DNA_ROSTER).")
    var roster: String?

    @Option(help: "The other signers: 1=http://host:port,2=…; not needed once the key is generated (DNA_PEERS).")
    var peers: String?

    @Option(help: ArgumentHelp(Self.host.fullHelp))
    var host: String?

    @Option(help: ArgumentHelp(Self.port.fullHelp))
    var port: Int?

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> SignerOptions {
        func text(_ option: String?, _ name: String, _ variable: String) throws -> String {
            guard let text = option ?? environment[variable] else {
                throw ValidationError("--\(name) or \(variable) is required")
            }
            return text
        }
        guard let identifier = identifier ?? environment["DNA_IDENTIFIER"].flatMap({ Int($0) }) else {
            throw ValidationError("--identifier or DNA_IDENTIFIER is required")
        }
        guard let peers = SignerOptions.peers(peers ?? environment["DNA_PEERS"] ?? "") else {
            throw ValidationError("--peers: expected 1=http://host:port,2=…")
        }
        return SignerOptions(
            genesisPath: try text(genesis, "genesis", "DNA_GENESIS"), identifier: identifier,
            statePath: try text(state, "state", "DNA_STATE"),
            passphrasePath: try text(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE"),
            identityKeyPath: try text(identityKey, "identity-key", "DNA_IDENTITY_KEY"),
            encryptionKeyPath: try text(encryptionKey, "encryption-key", "DNA_ENCRYPTION_KEY"),
            rosterPath: roster ?? environment["DNA_ROSTER"], peers: peers,
            http: HTTPServiceOptions(
                host: try Self.host.resolve(host, environment: environment),
                port: try Self.port.resolve(port, environment: environment)))
    }
}
