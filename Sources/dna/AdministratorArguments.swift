import Administration
import ArgumentParser
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import Logging
import NodeState
import ServiceKit

/// Who administers which network, through which aggregator.
struct AdministratorArguments: ParsableArguments {
    @Option(help: "The network's genesis (DNA_GENESIS).") var genesis: String?
    @Option(help: "An administrator's sealed key (DNA_ADMINISTRATOR_KEY).") var administratorKey: String?
    @Option(help: "A file with the key's passphrase, closed to others (DNA_PASSPHRASE_FILE).")
    var passphraseFile: String?
    @Option(help: "An aggregator, http(s)://host:port (DNA_AGGREGATOR).") var aggregator: String?
    @Option(help: "The administrator's TLS certificate, PEM (DNA_CERTIFICATE).") var certificate: String?
    @Option(help: "The certificate's key, PEM (DNA_PRIVATE_KEY).") var privateKey: String?
    @Option(help: "The network's authority, PEM (DNA_AUTHORITY).") var authority: String?
    @Option(help: "Keeps the newest epoch seen, so that nobody shows an older one; beside the key by default.")
    var pin: String?

    func value(_ option: String?, _ variable: String) -> String? {
        option ?? ProcessInfo.processInfo.environment[variable]
    }

    func required(_ option: String?, _ name: String, _ variable: String) throws -> String {
        guard let text = value(option, variable) else { throw ValidationError("--\(name) or \(variable) is required") }
        return text
    }

    func readGenesis() throws -> Genesis {
        let genesis = try JSONFile.read(Genesis.self, path: try required(genesis, "genesis", "DNA_GENESIS"))
        try genesis.validate()
        return genesis
    }

    func passphrase() throws -> SecretBytes {
        try Passphrase.read(path: try required(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE"))
    }

    func key() throws -> Ed25519.SigningKey {
        let path = try required(administratorKey, "administrator-key", "DNA_ADMINISTRATOR_KEY")
        return try KeyFile.signingKey(.administrator, path: path, passphrase: try passphrase())
    }

    /// Runs `body` with an administrator, whose certificate files are watched meanwhile.
    func with(_ body: @Sendable @escaping (Administrator) async throws -> Void) async throws {
        let address = try required(aggregator, "aggregator", "DNA_AGGREGATOR").split(separator: ",").first ?? ""
        guard let origin = HTTPOrigin(String(address)) else { throw ValidationError("--aggregator: not a URL") }
        let genesis = try readGenesis()
        let keyPath = try required(administratorKey, "administrator-key", "DNA_ADMINISTRATOR_KEY")
        var logger = Logger(label: "dna")
        logger.logLevel = .critical
        var options = HTTPClientOptions()
        let security = try link(genesis, logger)
        if origin.isSecure {
            guard let security else {
                throw ValidationError("https needs --certificate, --private-key and --authority")
            }
            options.tls = try security.client(expecting: .aggregator)
        }
        let client = HTTPClient(options: options, logger: logger)
        do {
            let administrator = try Administrator(
                genesis: genesis, key: try key(), client: JSONClient(client, origin: origin),
                pinPath: pin ?? keyPath + ".roster.json")
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let security { group.addTask { try await security.run() } }
                try await body(administrator)
                group.cancelAll()
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    private func link(_ genesis: Genesis, _ logger: Logger) throws -> LinkSecurity? {
        guard let certificate = value(certificate, "DNA_CERTIFICATE"),
            let privateKey = value(privateKey, "DNA_PRIVATE_KEY"), let authority = value(authority, "DNA_AUTHORITY")
        else { return nil }
        return try LinkSecurity(
            LinkFiles(certificate: certificate, privateKey: privateKey, authority: authority),
            network: try genesis.networkID().hex, logger: logger)
    }

    static func now() -> Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    /// Says what a change led to.
    static func print(_ outcome: Administrator.Outcome) {
        guard let receipt = outcome.receipt else { return Console.note("nothing to change") }
        for change in outcome.changes { Console.output("\(change)") }
        print(receipt)
    }

    static func print(_ receipt: RosterReceipt) {
        switch receipt.state {
        case .published: Console.note("epoch \(receipt.epoch) is in force")
        case .proposed:
            Console.note(
                "epoch \(receipt.epoch) has \(receipt.signatures) signatures and waits for more: "
                    + "dna nodes approve --proposal \(receipt.roster)")
        }
    }
}

/// A duration as people write it: 90s, 15m, 24h, 30d.
struct Seconds: ExpressibleByArgument {
    let value: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let last = argument.last, let unit = units[last], let number = Int64(argument.dropLast()),
            (1...10_000_000).contains(number)
        else { return nil }
        value = number * unit
    }
}
