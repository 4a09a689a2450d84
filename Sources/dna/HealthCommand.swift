import ArgumentParser
import Foundation
import HTTPTransport
import Logging
import NodeState
import ServiceArguments
import ServiceKit
import TLS

/// `dna health URL`.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a service whether it can serve.",
        discussion: """
            Exits 0 if it can, and 1 with what is missing if it cannot or does not answer. An https URL needs a \
            certificate of the network, such as the service's own. A worker's is over its node key: --node-key and \
            --passphrase-file stand for --private-key.
            """)

    @Argument(help: "The service's URL.") var url: String
    @OptionGroup var link: LinkArguments
    @Option(help: "A worker's sealed node key (DNA_NODE_KEY).") var nodeKey: String?
    @Option(help: "A file with its passphrase (DNA_PASSPHRASE_FILE).") var passphraseFile: String?
    @Flag(help: "Only whether the process is alive.") var alive = false
    @Option(help: "Seconds to wait for the answer.") var timeout = 4

    func validate() throws {
        guard (1...60).contains(timeout) else { throw ValidationError("--timeout must be 1 to 60") }
    }

    func run() async throws {
        guard let origin = HTTPOrigin(url) else { throw ValidationError("\(url) is not an http or https URL") }
        var logger = Logger(label: "dna")
        logger.logLevel = .critical
        var options = HTTPClientOptions()
        if origin.isSecure, let files = try link.files(held: try heldKey()) {
            options.tls = try LinkSecurity(files, logger: logger)
                .client(expecting: .gateway, .aggregator, .worker, .signer)
        }
        let client = HTTPClient(options: options, logger: logger)
        let answer = await answer(of: JSONClient(client, origin: origin, retry: .never))
        await client.shutdown()
        guard let answer else { return }
        Console.note(answer)
        throw ExitCode(1)
    }

    private func heldKey() throws -> PrivateKey? {
        let environment = ProcessInfo.processInfo.environment
        guard let path = nodeKey ?? environment["DNA_NODE_KEY"],
            let passphrase = passphraseFile ?? environment["DNA_PASSPHRASE_FILE"]
        else { return nil }
        let key = try KeyFile.signingKey(.node, path: path, passphrase: try Passphrase.read(path: passphrase))
        return try key.seed.withUnsafeBytes { try PrivateKey(ed25519Seed: $0) }
    }

    /// What is wrong, if anything.
    private func answer(of client: JSONClient) async -> String? {
        do {
            if alive {
                let _: [String: String] = try await client.get("/healthz", deadline: .seconds(timeout))
            } else {
                let _: Readiness = try await client.get("/readyz", deadline: .seconds(timeout))
            }
            return nil
        } catch {
            // Whoever asks owns the service: the cause, an unfit certificate for example, is for them.
            let cause = (error as? ServiceError)?.cause
            return cause.map { "\(error) (\($0))" } ?? "\(error)"
        }
    }
}
