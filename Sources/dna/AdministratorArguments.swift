import Administration
import ArgumentParser
import Consensus
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import LocalNetwork
import Logging
import NodeState
import ServiceArguments
import ServiceKit

/// Who administers which network, through which aggregators.
struct AdministratorArguments: ParsableArguments {
    @OptionGroup var state: StateArguments
    @Option(help: "The network's genesis (DNA_GENESIS).") var genesis: String?
    @Option(help: "An administrator's sealed key (DNA_ADMINISTRATOR_KEY).") var administratorKey: String?
    @Option(help: "A file with the key's passphrase, closed to others (DNA_PASSPHRASE_FILE).")
    var passphraseFile: String?
    @Option(help: "Aggregators, http(s)://host:port, comma-separated; any that answers will do (DNA_AGGREGATOR).")
    var aggregator: String?
    @Option(help: "Signers that get new epochs directly as well: 1=https://host:port,2=… (DNA_SIGNERS).")
    var signers: String?
    @Option(help: "The administrator's TLS certificate, PEM (DNA_CERTIFICATE).") var certificate: String?
    @Option(help: "The certificate's key, PEM (DNA_PRIVATE_KEY).") var privateKey: String?
    @Option(help: "The network's authority, PEM (DNA_AUTHORITY).") var authority: String?
    @Option(help: "Keeps the newest epoch seen, so that nobody shows an older one; beside the key by default.")
    var pin: String?

    private var folder: NetworkFolder? {
        state.folder(unless: genesis != nil || ProcessInfo.processInfo.environment["DNA_GENESIS"] != nil)
    }

    func value(
        _ option: String?, _ variable: String, _ path: (NetworkFolder) throws -> String?
    ) rethrows -> String? {
        try state.value(option, variable, in: folder, path)
    }

    private func required(
        _ option: String?, _ name: String, _ variable: String, _ path: (NetworkFolder) throws -> String?
    ) throws -> String {
        guard let text = try value(option, variable, path) else {
            throw ValidationError("--\(name), \(variable), or --state is required")
        }
        return text
    }

    func readGenesis() throws -> Genesis {
        let path = try required(genesis, "genesis", "DNA_GENESIS", \.genesis)
        let genesis = try JSONFile.read(Genesis.self, path: path)
        try genesis.validate()
        return genesis
    }

    func passphrase() throws -> SecretBytes {
        try Passphrase.read(
            path: try required(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE", \.passphrase))
    }

    private func keyPath() throws -> String {
        try required(administratorKey, "administrator-key", "DNA_ADMINISTRATOR_KEY") { $0.administratorKey(1) }
    }

    func key() throws -> Ed25519.SigningKey {
        try KeyFile.signingKey(.administrator, path: try keyPath(), passphrase: try passphrase())
    }

    private func aggregatorOrigins() throws -> [HTTPOrigin] {
        let addresses = try required(aggregator, "aggregator", "DNA_AGGREGATOR") {
            try StateArguments.addresses(of: $0).aggregators.joined(separator: ",")
        }
        let origins = try AggregatorArguments.origins(addresses)
        guard !origins.isEmpty else { throw ValidationError("--aggregator: names none") }
        return origins
    }

    private func signerOrigins() throws -> [Int: HTTPOrigin] {
        let text = try value(signers, "DNA_SIGNERS") { folder in
            try StateArguments.addresses(of: folder).signers.enumerated()
                .map { "\($0.offset + 1)=\($0.element)" }.joined(separator: ",")
        }
        guard let origins = SignerOrigins.read(text ?? "") else {
            throw ValidationError("--signers: expected 1=https://host:port,2=…")
        }
        return origins
    }

    /// Runs `body` with an administrator, whose certificate files are watched meanwhile.
    func with(_ body: @Sendable @escaping (Administrator) async throws -> Void) async throws {
        let (origins, signers, keyPath) = (try aggregatorOrigins(), try signerOrigins(), try keyPath())
        let genesis = try readGenesis()
        var logger = Logger(label: "dna")
        logger.logLevel = .critical
        var options = HTTPClientOptions()
        let security = try link(genesis, logger)
        if (origins + signers.values).contains(where: \.isSecure) {
            guard let security else {
                throw ValidationError("https needs --certificate, --private-key and --authority")
            }
            options.tls = try security.client(expecting: .aggregator, .signer)
        }
        let client = HTTPClient(options: options, logger: logger)
        do {
            let administrator = try Administrator(
                genesis: genesis, key: try key(), aggregators: origins.map { JSONClient(client, origin: $0) },
                signers: signers.mapValues { JSONClient(client, origin: $0, retry: .never) },
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

    /// Publishes or proposes the next epoch, and says what it led to.
    func change(_ change: @Sendable @escaping (inout RosterPlan) throws -> Void) async throws {
        try await with { administrator in Self.print(try await administrator.change(change)) }
    }

    private func link(_ genesis: Genesis, _ logger: Logger) throws -> LinkSecurity? {
        guard let certificate = value(certificate, "DNA_CERTIFICATE", { $0.certificate(of: "administrator") }),
            let privateKey = value(privateKey, "DNA_PRIVATE_KEY", { $0.privateKey(of: "administrator") }),
            let authority = value(authority, "DNA_AUTHORITY", { $0.authority })
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
        case .published:
            Console.note("epoch \(receipt.epoch) is in force")
            if let missed = receipt.missed {
                let names = missed.map(String.init).joined(separator: ", ")
                Console.note("not yet known to signers \(names); the aggregators go on trying")
            }
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
