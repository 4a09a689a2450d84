import Canonical
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import NodeState
import TestKit

/// An administrator with a key on disk, who knows the network by the command line alone.
struct Terminal: Sendable {
    private let folder: String
    private let aggregators: String

    init(_ town: Town, key: Ed25519.SigningKey, aggregators: [HTTPOrigin]) throws {
        folder = temporaryFolder()
        self.aggregators = aggregators.map(\.description).joined(separator: ",")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try JSONFile.write(town.fixture.genesis, path: folder + "/genesis.json")
        try Passphrase.create(path: folder + "/passphrase")
        let metadata = try CanonicalJSON.encode(["kind": "administrator", "public_key": key.publicKey.hex])
        try SealedFile(metadata: metadata, secret: key.seed).write(
            to: folder + "/key", passphrase: Passphrase.read(path: folder + "/passphrase"), cost: .interactive)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// `dna nodes …`.
    func nodes(_ arguments: String...) async throws -> Command.Outcome {
        try await Command.run(
            try builtExecutable("dna"),
            ["nodes"] + arguments + [
                "--genesis", folder + "/genesis.json", "--administrator-key", folder + "/key", "--passphrase-file",
                folder + "/passphrase", "--aggregator", aggregators,
            ], environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DNA_") }, folder: folder,
            includesErrors: true)
    }
}
