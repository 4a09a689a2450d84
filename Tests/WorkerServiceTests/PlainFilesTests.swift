import Cryptography
import DNAProtocol
import Foundation
import Logging
import ModelPackages
import Testing
import WorkerService

/// What a worker decrypts, and where it keeps that.
@Suite struct PlainFilesTests {
    private let root = FileManager.default.temporaryDirectory.path + "/plain-\(UUID().uuidString)"
    private let node = Ed25519.SigningKey()
    private let bytes = Data("weights of a very small model".utf8)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func pack(_ name: String, for nodes: [Ed25519.PublicKey]) async throws -> (ModelPackage, ModelID) {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: root + "/model.gguf"))
        var writer = PackageWriter(folder: "\(root)/\(name)")
        writer.recipients = nodes
        let source = PackageWriter.Source(name: "model.gguf", role: .weights, path: root + "/model.gguf")
        let model = try await writer.write([source]) { files in
            Manifest(
                name: name, licence: "Apache-2.0", contextLength: 128, policy: Policy(rule: .majority, committee: 3),
                files: files)
        }
        return (try ModelPackage(folder: "\(root)/\(name)"), model.id)
    }

    private func weights(_ package: (ModelPackage, ModelID), _ key: Ed25519.SigningKey? = nil) throws -> String? {
        try PlainFiles(statePath: root + "/state")
            .weights(of: package.0, id: package.1, key: key ?? node, logger: logger)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    @Test func aRecipientFindsTheWeights() async throws {
        defer { remove() }
        let path = try #require(try weights(await pack("one", for: [node.publicKey])))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        let folder = (path as NSString).deletingLastPathComponent
        let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test func whatIsThereIsUsedWhileItIsRight() async throws {
        defer { remove() }
        let package = try await pack("one", for: [node.publicKey])
        let path = try #require(try weights(package))
        // Without the ciphertext nothing could be decrypted.
        try FileManager.default.moveItem(atPath: root + "/one/model.gguf", toPath: root + "/away")
        #expect(try weights(package) == path)
        try FileManager.default.moveItem(atPath: root + "/away", toPath: root + "/one/model.gguf")
        try Data("weights of a very false model".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try weights(package) == path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    @Test func whatIsNotKeptIsRemoved() async throws {
        defer { remove() }
        let first = try #require(try weights(await pack("one", for: [node.publicKey])))
        let package = try await pack("two", for: [node.publicKey])
        let second = try #require(try weights(package))
        #expect(try weights(await pack("three", for: [])) == nil)
        #expect([first, second].allSatisfy(FileManager.default.fileExists))
        let files = PlainFiles(statePath: root + "/state")
        try files.keep(only: [package.1])
        #expect(!FileManager.default.fileExists(atPath: first) && FileManager.default.fileExists(atPath: second))
        try files.keep(only: [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/state/plain").isEmpty)
    }

    @Test func whoIsNoRecipientIsTold() async throws {
        defer { remove() }
        let package = try await pack("one", for: [Ed25519.SigningKey().publicKey])
        #expect(throws: ModelPackageError.notARecipient(model: "\(package.1)", node: "\(node.publicKey)")) {
            try weights(package)
        }
    }

    /// The digest tells, should the file open and be another.
    @Test func aFileThatIsNotTheManifestsIsRefused() async throws {
        defer { remove() }
        let package = try await pack("one", for: [node.publicKey])
        let path = root + "/one/model.gguf"
        var sealed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        sealed[3] ^= 1
        try Data(sealed).write(to: URL(fileURLWithPath: path))
        #expect(throws: ModelPackageError.self) { try weights(package) }
        #expect(!FileManager.default.fileExists(atPath: "\(root)/state/plain/\(package.1)/model.gguf"))
    }
}
