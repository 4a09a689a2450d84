import ArgumentParser
import Arweave
import Cryptography
import Foundation
import HTTPTransport
import HTTPTypes
import ModelStorage
import Synchronization

/// Which Arweave nodes `dna model push` talks to.
struct ArweaveArguments: ParsableArguments {
    @Option(help: "A node or gateway of Arweave; may be repeated, the preferred one first.")
    var arweaveNode: [String] = ["https://arweave.net"]

    func validate() throws {
        for url in arweaveNode where StorageEndpoint(url) == nil {
            throw ValidationError("\(url) is not an http or https URL")
        }
    }

    func nodes(_ client: HTTP1Client) -> ArweaveNodes {
        // Not on the command line, where every process could read it.
        let authorization = ProcessInfo.processInfo.environment["DNA_ARWEAVE_AUTHORIZATION"]
        let links = arweaveNode.compactMap { url -> HTTPNodeLink? in
            guard var endpoint = StorageEndpoint(url) else { return nil }
            endpoint.fields[.authorization] = authorization
            return HTTPNodeLink(endpoint, client: client)
        }
        return ArweaveNodes(links.map { ArweaveNode($0) })
    }

    /// `ar://ID`.
    static let scheme = "ar://"

    /// Where it is remembered what a wallet has paid for the files at a path. Not a cache: it stands for money.
    static func journal(wallet: WalletAddress, path: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        let folder = (environment["XDG_STATE_HOME"] ?? home + "/.local/state") + "/dna-layer/arweave"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let place = URL(fileURLWithPath: path).standardizedFileURL.path
        let name = Hexadecimal.encode(SHA256.hash(Array("\(wallet)\n\(place)".utf8)).prefix(16))
        return "\(folder)/\(name)"
    }
}

/// Shows how far a transfer to or from Arweave is.
final class ArweaveProgress: Sendable {
    private let lines: [TransferProgress.Phase: ProgressLine]
    private let seen = Mutex<[TransferProgress.Phase: Int]>([:])

    /// - Parameter verb: `sent` or `fetched`.
    init(_ verb: String) {
        lines = [.hashing: ProgressLine("hashed", total: 0), .transferring: ProgressLine(verb, total: 0)]
    }

    func show(_ progress: TransferProgress) {
        guard let line = lines[progress.phase] else {
            let verb = progress.phase == .confirming ? "confirmed" : "read back"
            return Console.progress("\(verb) \(progress.done) of \(progress.total)")
        }
        let new = seen.withLock { seen in
            defer { seen[progress.phase] = progress.done }
            return progress.done - seen[progress.phase, default: 0]
        }
        line.expect(progress.total)
        line.add(new)
    }
}
