import Cryptography
import Foundation
import NodeState
import Testing

@Suite struct KeyFileTests {
    let folder: String
    let path: String
    let passphrase = SystemRandom.secret(count: 32)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
        path = folder + "/test.key"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    @Test func readsBackTheKeyItWrote() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = try KeyFile.createSigningKey(.node, path: path, passphrase: passphrase)
        #expect(try KeyFile.signingKey(.node, path: path, passphrase: passphrase).publicKey == key.publicKey)
        let encryption = try KeyFile.createEncryptionKey(path: path, passphrase: passphrase, replacing: true)
        #expect(try KeyFile.encryptionKey(path: path, passphrase: passphrase).publicKey == encryption.publicKey)
    }

    @Test func replacesAKeyOnlyWhereThatIsAskedFor() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = try KeyFile.createSigningKey(.node, path: path, passphrase: passphrase)
        #expect(throws: StateError.cannotWrite(path, EEXIST)) {
            try KeyFile.createSigningKey(.node, path: path, passphrase: passphrase)
        }
        #expect(throws: StateError.cannotWrite(path, EEXIST)) {
            try KeyFile.createEncryptionKey(path: path, passphrase: passphrase)
        }
        #expect(try KeyFile.signingKey(.node, path: path, passphrase: passphrase).publicKey == key.publicKey)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        _ = try KeyFile.createSigningKey(.node, path: path, passphrase: passphrase, replacing: true)
        #expect(try KeyFile.signingKey(.node, path: path, passphrase: passphrase).publicKey != key.publicKey)
    }

    @Test func refusesAnotherKindAndAnotherPassphrase() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try KeyFile.createSigningKey(.node, path: path, passphrase: passphrase)
        #expect(throws: StateError.wrongKind(path, expected: "administrator")) {
            try KeyFile.signingKey(.administrator, path: path, passphrase: passphrase)
        }
        #expect(throws: StateError.cannotOpen(path)) {
            try KeyFile.signingKey(.node, path: path, passphrase: SystemRandom.secret(count: 32))
        }
    }

    @Test func makesAPassphraseOnlyItsOwnerCanRead() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/passphrase"
        try Passphrase.create(path: file)
        #expect(try Passphrase.read(path: file).count == 64)
        #expect(throws: StateError.cannotWrite(file, EEXIST)) { try Passphrase.create(path: file) }
        chmod(file, 0o640)
        #expect(throws: StateError.readableByOthers(file)) { try Passphrase.read(path: file) }
    }
}
