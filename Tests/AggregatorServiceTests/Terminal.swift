import Canonical
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import NodeState
import TestKit
import Testing

/// An administrator with a key on disk, who knows the network by the command line alone.
struct Terminal: Sendable {
    private let folder: String
    private let aggregators: String

    struct Outcome: Sendable {
        let status: Int32
        /// What is said on both outputs.
        let text: String
    }

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
    func nodes(_ arguments: String...) async throws -> Outcome {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: try Self.executable())
        process.arguments =
            ["nodes"] + arguments + [
                "--genesis", folder + "/genesis.json", "--administrator-key", folder + "/key", "--passphrase-file",
                folder + "/passphrase", "--aggregator", aggregators,
            ]
        // A sanitizer's settings are passed on.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DNA_") }
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        return await withCheckedContinuation { continuation in
            // Reading blocks, so it gets a thread of its own.
            DispatchQueue.global().async {
                let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(
                    returning: Outcome(
                        status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self)))
            }
        }
    }

    /// `dna`, built beside the tests.
    private static func executable() throws -> String {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The runner of the toolchain may run the tests as a library.
        let folders = ([path] + CommandLine.arguments).map { ($0 as NSString).deletingLastPathComponent }
        return try #require(folders.map { $0 + "/dna" }.first { FileManager.default.isExecutableFile(atPath: $0) })
    }
}
