import Cryptography
import DNAProtocol
import Foundation
import ModelPackages
import Testing

@Suite struct EncryptedFileTests {
    private let place: PackagePlace
    private let key = SecretBytes(count: 32) { $0.copyBytes(from: [UInt8](0..<32)) }
    private let chunk = 1 << 20

    init() throws { place = try PackagePlace() }

    private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(place.root)/\(name)"))
        return "\(place.root)/\(name)"
    }

    private func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(place.root)/\(name)")))
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) } }

    private func file(_ name: String = "model.gguf") throws -> EncryptedFile {
        try EncryptedFile(name: name, contentKey: key)
    }

    @Test func isReadBackWhateverItsSize() throws {
        defer { place.remove() }
        for (number, size) in [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 77].enumerated() {
            let plain = try write("plain-\(number)", bytes(size))
            let sealed = try file().encrypt(plain, to: place.root + "/sealed-\(number)")
            #expect(sealed.read.size == size)
            #expect(sealed.written.size == Manifest.Encryption.size(ofEncrypted: size))
            #expect(try read("sealed-\(number)").count == sealed.written.size)
            let opened = try file().decrypt(place.root + "/sealed-\(number)", to: place.root + "/opened-\(number)")
            #expect(opened.read == sealed.written && opened.written == sealed.read)
            #expect(try read("opened-\(number)") == bytes(size))
        }
    }

    @Test func nothingButTheWholeFileIsDecrypted() throws {
        defer { place.remove() }
        let plain = try write("plain", bytes(3 * chunk + 100))
        _ = try file().encrypt(plain, to: place.root + "/sealed")
        let sealed = try read("sealed")
        let piece = chunk + ChunkCipher.overhead
        let pieces = (0..<4).map { Array(sealed[$0 * piece..<min(sealed.count, ($0 + 1) * piece)]) }
        let wrong: [(String, [UInt8])] = [
            ("cut at a chunk", Array(sealed[..<(3 * piece)])), ("cut", Array(sealed.dropLast())),
            ("longer", sealed + [0]), ("nothing", []), ("exchanged", pieces[1] + pieces[0] + pieces[2] + pieces[3]),
            ("left out", pieces[0] + pieces[2] + pieces[3]), ("repeated", pieces[0] + sealed),
            ("the last only", pieces[3]), ("a bit", sealed.enumerated().map { $0 == 2_000_000 ? $1 ^ 1 : $1 }),
        ]
        for (name, bytes) in wrong {
            let path = try write("wrong", bytes)
            try? FileManager.default.removeItem(atPath: place.root + "/opened")
            #expect(throws: ModelPackageError.notDecrypted(file: path), "\(name)") {
                try file().decrypt(path, to: place.root + "/opened")
            }
        }
        #expect(throws: ModelPackageError.notDecrypted(file: place.root + "/sealed")) {
            try file("other.gguf").decrypt(place.root + "/sealed", to: place.root + "/opened-2")
        }
    }

    @Test func whatIsDecryptedIsForOneUserOnly() throws {
        defer { place.remove() }
        let plain = try write("plain", bytes(10))
        _ = try file().encrypt(plain, to: place.root + "/sealed")
        _ = try file().decrypt(place.root + "/sealed", to: place.root + "/opened")
        let mode = try FileManager.default.attributesOfItem(atPath: place.root + "/opened")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // And nobody has laid a link there.
        #expect(throws: ModelPackageError.unwritable(file: place.root + "/opened")) {
            try file().decrypt(place.root + "/sealed", to: place.root + "/opened")
        }
    }
}

@Suite struct EncryptedPackageTests {
    private let place: PackagePlace
    private let node = Ed25519.SigningKey()
    private let other = Ed25519.SigningKey()
    private let stranger = Ed25519.SigningKey()

    init() throws { place = try PackagePlace() }

    private func writer() -> PackageWriter {
        var writer = place.writer()
        writer.recipients = [node.publicKey, other.publicKey]
        return writer
    }

    @Test func storageSeesCiphertextAndRecipientsSeeTheWeights() async throws {
        defer { place.remove() }
        let model = try await place.write(with: writer())
        let package = try ModelPackage(folder: place.folder)
        // Verified as it lies there: without any key.
        #expect(try await package.verify() == model)
        let stored = try Data(contentsOf: URL(fileURLWithPath: package.weightsPath))
        #expect(stored.count == place.bytes.count + ChunkCipher.overhead)
        #expect(stored.range(of: place.bytes.prefix(8)) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder).count == 2)

        let encryption = try #require(model.manifest.encryption)
        let weights = try #require(model.manifest.weights)
        #expect(weights.decrypted.size == place.bytes.count)
        for (number, key) in [node, other].enumerated() {
            let content = try #require(try encryption.contentKey(for: key))
            let target = "\(place.root)/opened-\(number)"
            let pass = try EncryptedFile(name: weights.name, contentKey: content)
                .decrypt(package.weightsPath, to: target)
            #expect(pass.written == weights.plain)
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == place.bytes)
        }
        #expect(try encryption.contentKey(for: stranger) == nil)
    }

    /// A content key is used once.
    @Test func packingAgainTakesAnotherKey() async throws {
        defer { place.remove() }
        let first = try await place.write(with: writer())
        let second = try await place.write(with: writer())
        #expect(first.id != second.id)
        #expect(first.manifest.weights?.sha256 != second.manifest.weights?.sha256)
        #expect(first.manifest.weights?.plain == second.manifest.weights?.plain)
    }

    @Test func aManifestThatContradictsItselfIsRefused() async throws {
        defer { place.remove() }
        let manifest = try await place.write(with: writer()).manifest
        try manifest.validate()
        func refuses(_ field: String, _ alter: (inout Manifest) -> Void) {
            var wrong = manifest
            alter(&wrong)
            #expect(performing: { try wrong.validate() }, throws: { ($0 as? InvalidField)?.field == field })
        }
        refuses("encryption.scheme") { $0.encryption?.scheme = "rot13" }
        refuses("encryption.recipients") { $0.encryption?.recipients = [] }
        refuses("encryption.recipients") { $0.encryption?.recipients.reverse() }
        refuses("encryption.recipients") {
            $0.encryption?.recipients += manifest.encryption?.recipients.suffix(1) ?? []
        }
        refuses("encryption.recipients[1].sealed_key") { $0.encryption?.recipients[1].sealedKey = "ab" }
        refuses("files[0].plain") { $0.files[0].plain = nil }
        refuses("files[0].plain") { $0.encryption = nil }
        refuses("files[0].plain.size") { $0.files[0].plain?.size += 1 }
        refuses("files[0].plain.size") { $0.files[0].size += 16 }
    }

    /// Somebody else's sealed key, or one for another node, opens nothing.
    @Test func aSealedKeyIsForItsNodeOnly() async throws {
        defer { place.remove() }
        var encryption = try #require(try await place.write(with: writer()).manifest.encryption)
        (encryption.recipients[0].sealedKey, encryption.recipients[1].sealedKey) =
            (encryption.recipients[1].sealedKey, encryption.recipients[0].sealedKey)
        #expect(throws: CryptographyError.authenticationFailed) { try encryption.contentKey(for: node) }
    }
}
