import Canonical
import Cryptography
import DNAProtocol
import Foundation
import ModelPackages
import Testing

@Suite struct ModelPackageTests {
    let root: String
    let folder: String
    let weights: String
    let bytes = Data("weights of a very small model".utf8)

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
        folder = root + "/package"
        weights = root + "/model.gguf"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: weights))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func create(_ alter: (inout Manifest) -> Void = { _ in }) throws -> ModelPackage {
        try ModelPackage.create(weights: weights, folder: folder) { file in
            var manifest = Manifest(
                name: "small", licence: "Apache-2.0", contextLength: 128, chatTemplate: "gguf", sampling: Sampling(),
                policy: Policy(rule: .majority, committee: 3), files: [file])
            alter(&manifest)
            return manifest
        }
    }

    private func write(_ manifest: Manifest) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let url = URL(fileURLWithPath: folder + "/" + ModelPackage.manifestName)
        try Data(CanonicalJSON.encode(manifest)).write(to: url)
    }

    @Test func readsBackWhatItCreated() throws {
        defer { remove() }
        let created = try create()
        let package = try ModelPackage(folder: folder)
        #expect(package.id == created.id && package.manifest == created.manifest)
        #expect(package.weightsPath == folder + "/model.gguf")
        #expect(package.manifest.weights?.size == bytes.count)
        #expect(package.manifest.weights?.sha256 == Digest.ofRaw([UInt8](bytes)))
        var seen = 0
        try package.verifyFiles { done, total in
            #expect(total == bytes.count)
            seen = done
        }
        #expect(seen == bytes.count)
    }

    @Test func refusesATamperedFile() throws {
        defer { remove() }
        let package = try create()
        var altered = bytes
        altered[3] ^= 1
        try altered.write(to: URL(fileURLWithPath: weights))
        #expect(throws: ModelPackageError.digestDiffers(file: package.weightsPath)) { try package.verifyFiles() }
    }

    @Test func refusesAFileOfAnotherSize() throws {
        defer { remove() }
        let package = try create()
        for other in [bytes.dropLast(), bytes + [0], Data()] {
            try other.write(to: URL(fileURLWithPath: weights))
            #expect(throws: ModelPackageError.sizeDiffers(file: package.weightsPath)) { try package.verifyFiles() }
        }
        try FileManager.default.removeItem(atPath: weights)
        #expect(throws: ModelPackageError.unreadable(file: package.weightsPath)) { try package.verifyFiles() }
    }

    @Test func hasAnotherIdWithAnyOtherManifest() throws {
        defer { remove() }
        let first = try create().id
        #expect(try create { $0.policy.rule = .unanimous }.id != first)
        #expect(try create { $0.name = "smal\u{131}" }.id != first)
        #expect(try create().id == first)
    }

    @Test(arguments: [
        "../model.gguf", "..", ".model", "a/b.gguf", "/etc/passwd", "a/\u{301}b", "manifest.json", "a\u{0}b",
    ])
    func refusesAManifestThatNamesAFileOutsideItsFolder(name: String) throws {
        defer { remove() }
        var manifest = try create().manifest
        manifest.files[0].name = name
        try write(manifest)
        #expect(throws: InvalidField.self) { try ModelPackage(folder: folder) }
    }

    @Test func refusesAManifestItCannotTrustToUnderstand() throws {
        defer { remove() }
        let path = folder + "/" + ModelPackage.manifestName
        #expect(throws: ModelPackageError.unreadable(file: path)) { try ModelPackage(folder: folder) }
        let manifest = try create().manifest
        let text = String(decoding: try CanonicalJSON.encode(manifest), as: UTF8.self)
        let texts = [
            "", "{", "[]", String(text.dropLast()), text + text, text.replacing("\"version\":1", with: "\"version\":2"),
            text.replacing("\"version\":1", with: "\"version\":1,\"version\":1"),
            text.replacing("\"version\":1", with: "\"version\":1,\"quorum\":3"),
            text.replacing("gguf", with: "GGUF"),
        ]
        for text in texts {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: (any Error).self, "\(text)") { try ModelPackage(folder: folder) }
        }
        try Data(repeating: 0x20, count: ModelPackage.maximumManifestBytes + 1).write(to: URL(fileURLWithPath: path))
        #expect(throws: ModelPackageError.manifestTooLarge) { try ModelPackage(folder: folder) }
    }

    @Test func refusesALinkThatLeadsToOtherBytesOrNowhere() throws {
        defer { remove() }
        let package = try create()
        let other = root + "/other"
        try Data(repeating: 7, count: bytes.count).write(to: URL(fileURLWithPath: other))
        for (target, error) in [
            (other, ModelPackageError.digestDiffers(file: package.weightsPath)),
            (root + "/nowhere", .unreadable(file: package.weightsPath)),
        ] {
            try FileManager.default.removeItem(atPath: package.weightsPath)
            try FileManager.default.createSymbolicLink(atPath: package.weightsPath, withDestinationPath: target)
            #expect(throws: error) { try package.verifyFiles() }
        }
    }
}
