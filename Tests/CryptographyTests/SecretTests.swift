import Cryptography
import Foundation
import Testing

@Suite struct SecretTests {
    @Test func takingWipesTheSource() {
        var bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(taking: &bytes)
        #expect(bytes == [0, 0, 0])
        #expect(secret.withUnsafeBytes { [UInt8]($0) } == [1, 2, 3])
        #expect(secret.slice(1..<3).withUnsafeBytes { [UInt8]($0) } == [2, 3])
    }

    @Test func comparesByContent() throws {
        #expect(try secret("0102") == secret("0102"))
        #expect(try secret("0102") != secret("0103"))
        #expect(try secret("0102") != secret("010200"))
        #expect(ConstantTime.areEqual([], []))
        #expect(!ConstantTime.areEqual([1], [2]))
    }

    @Test func neverShowsItself() throws {
        let secret = try secret("4142434445464748")
        var text = ""
        dump(secret, to: &text)
        text += "\(secret) \(String(reflecting: secret))"
        #expect(!text.contains("ABCDEFGH") && !text.contains("4142") && !text.contains("65, 66"))
    }

    @Test func randomBytesDiffer() {
        #expect(SystemRandom.bytes(count: 32) != SystemRandom.bytes(count: 32))
        #expect(SystemRandom.secret(count: 32) != SystemRandom.secret(count: 32))
        #expect(SystemRandom.bytes(count: 0).isEmpty)
    }
}

/// A private folder that goes with the test.
private final class Folder {
    let path = NSTemporaryDirectory() + "/sealed-" + UUID().uuidString
    var file: String { path + "/share" }

    func set(_ permissions: Int, on path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
    }

    func permissions(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

@Suite struct SealedFileTests {
    private let folder = Folder()
    private let passphrase: SecretBytes
    private let content: SealedFile
    private let cost: SealedFile.Cost

    init() throws {
        passphrase = try secret("70617373")
        content = SealedFile(metadata: [UInt8]("{\"index\":1}".utf8), secret: try secret("00010203"))
        cost = try #require(SealedFile.Cost(passes: 1, memory: 8))
    }

    @Test func readsWhatItWroteAndNobodyElseCan() throws {
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        let read = try SealedFile.read(from: folder.file, passphrase: passphrase)
        #expect(read.metadata == content.metadata)
        #expect(read.secret == content.secret)
        #expect(try folder.permissions(of: folder.file) == 0o600)
        #expect(try folder.permissions(of: folder.path) == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["share"])
    }

    @Test func refusesTheWrongPassphrase() throws {
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        #expect(throws: SealedFileError.authenticationFailed) {
            try SealedFile.read(from: folder.file, passphrase: secret("70617374"))
        }
    }

    @Test func refusesAnyAlteredByteAndAnyTruncation() throws {
        let sealed = try content.sealed(passphrase: passphrase, cost: cost)
        #expect(try SealedFile.open(sealed, passphrase: passphrase).secret == content.secret)
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(throws: SealedFileError.self, "byte \(index)") {
                try SealedFile.open(altered, passphrase: passphrase)
            }
            #expect(throws: SealedFileError.self, "length \(index)") {
                try SealedFile.open(Array(sealed[..<index]), passphrase: passphrase)
            }
        }
    }

    @Test func boundsTheCostBeforePayingIt() throws {
        var sealed = try content.sealed(passphrase: passphrase, cost: cost)
        sealed[12] = 0x7F
        #expect(throws: SealedFileError.excessiveCost) { try SealedFile.open(sealed, passphrase: passphrase) }
        #expect(SealedFile.Cost(passes: 17, memory: 8) == nil)
        #expect(SealedFile.Cost(passes: 0, memory: 8) == nil)
        #expect(SealedFile.Cost(passes: 1, memory: 1_048_577) == nil)
    }

    @Test(arguments: [0o640, 0o604, 0o660])
    func refusesAFileOpenToOthers(permissions: Int) throws {
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        try folder.set(permissions, on: folder.file)
        #expect(throws: SealedFileError.loosePermissions(path: folder.file)) {
            try SealedFile.read(from: folder.file, passphrase: passphrase)
        }
    }

    @Test func refusesAFolderOpenToOthers() throws {
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        try folder.set(0o755, on: folder.path)
        #expect(throws: SealedFileError.loosePermissions(path: folder.path)) {
            try SealedFile.read(from: folder.file, passphrase: passphrase)
        }
        #expect(throws: SealedFileError.loosePermissions(path: folder.path)) {
            try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        }
    }

    @Test func doesNotFollowALink() throws {
        try content.write(to: folder.file, passphrase: passphrase, cost: cost)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: folder.file)
        #expect(throws: SealedFileError.self) {
            try SealedFile.read(from: folder.path + "/link", passphrase: passphrase)
        }
    }
}
