import Canonical
import ContentAddressing
import Cryptography
import DNAProtocol
import Foundation
import ModelPackages
import Testing

@Suite struct ModelPackageTests {
    let place: PackagePlace

    init() throws { place = try PackagePlace() }

    @Test func readsBackWhatItWrote() async throws {
        defer { place.remove() }
        let written = try await place.write()
        let package = try ModelPackage(folder: place.folder)
        #expect(package.weightsPath == place.folder + "/model.gguf")
        #expect(package.manifest == written.manifest)
        #expect(package.manifest.weights?.size == place.bytes.count)
        #expect(package.manifest.weights?.sha256 == Digest.ofRaw([UInt8](place.bytes)))
        let seen = Counter()
        let model = try await package.verify(expecting: written.id) { done, total in
            seen.note(done)
            #expect(total == 2 * package.byteCount)
        }
        #expect(model == written)
        #expect(seen.most == 2 * package.byteCount)
    }

    @Test func itsIdIsWhatTheImporterCallsTheFolder() async throws {
        defer { place.remove() }
        for profile in ImportProfile.known {
            let model = try await place.write { $0.importProfile = profile.name }
            let dag = try await Importer(profile).add(place.folder)
            #expect(model.id.cid == dag.root.cid)
        }
    }

    @Test func largeFilesHaveAnotherIdUnderAnotherProfile() async throws {
        defer { place.remove() }
        // More pieces than the narrower profile's nodes have links; a hole on disk.
        let file = try #require(FileHandle(forWritingAtPath: place.weights))
        try file.truncate(atOffset: 175 << 20)
        try file.close()
        var links: [PackageRoot] = []
        for profile in ImportProfile.known {
            var model = try await place.write(.link) { $0.importProfile = profile.name }
            links.append(model.root)
            // The root says as much of the file as can be seen without it.
            #expect(throws: InvalidField.self) {
                var manifest = model.manifest
                manifest.files[0].size = 1 << 40
                model = try PublishedModel(root: model.root, manifest: manifest)
            }
        }
        #expect(links[0] != links[1])
    }

    @Test func hasAnotherIdWithAnyOtherManifest() async throws {
        defer { place.remove() }
        let first = try await place.write().id
        #expect(try await place.write { $0.policy.rule = .unanimous }.id != first)
        #expect(try await place.write { $0.name = "smal\u{131}" }.id != first)
        #expect(try await place.write().id == first)
    }

    @Test func refusesAnotherModelThanTheOneAskedFor() async throws {
        defer { place.remove() }
        let first = try await place.write()
        let second = try await place.write { $0.name = "another" }
        let package = try ModelPackage(folder: place.folder)
        await #expect(
            throws: ModelPackageError.otherModel(
                folder: place.folder, id: "\(second.id)", wanted: "\(first.id)")
        ) { try await package.verify(expecting: first.id) }
    }

    @Test func refusesATamperedFile() async throws {
        defer { place.remove() }
        _ = try await place.write()
        let package = try ModelPackage(folder: place.folder)
        var altered = place.bytes
        altered[3] ^= 1
        try altered.write(to: URL(fileURLWithPath: package.weightsPath))
        await #expect(throws: ModelPackageError.digestDiffers(file: package.weightsPath)) {
            try await package.verify()
        }
    }

    @Test func refusesAFileOfAnotherSizeOrNone() async throws {
        defer { place.remove() }
        _ = try await place.write()
        let package = try ModelPackage(folder: place.folder)
        for other in [place.bytes.dropLast(), place.bytes + [0], Data()] {
            try other.write(to: URL(fileURLWithPath: package.weightsPath))
            await #expect(throws: ModelPackageError.sizeDiffers(file: package.weightsPath)) {
                try await package.verify()
            }
        }
        try FileManager.default.removeItem(atPath: package.weightsPath)
        await #expect(throws: ModelPackageError.unreadable(file: package.weightsPath)) { try await package.verify() }
    }

    @Test func refusesWhatTheManifestDoesNotListButForHiddenNames() async throws {
        defer { place.remove() }
        let model = try await place.write()
        let package = try ModelPackage(folder: place.folder)
        try Data([1]).write(to: URL(fileURLWithPath: place.folder + "/.hidden"))
        #expect(try await package.verify() == model)
        let stray = place.folder + "/notes.txt"
        try Data([1]).write(to: URL(fileURLWithPath: stray))
        await #expect(throws: ModelPackageError.unlisted(file: stray)) { try await package.verify() }
        await #expect(throws: ModelPackageError.unlisted(file: stray)) { try await place.write { $0.name = "new" } }
        #expect(try ModelPackage(folder: place.folder).manifest == model.manifest)
    }

    @Test func refusesALinkThatLeadsToOtherBytesOrNowhere() async throws {
        defer { place.remove() }
        _ = try await place.write(.link)
        let package = try ModelPackage(folder: place.folder)
        let other = place.root + "/other"
        try Data(repeating: 7, count: place.bytes.count).write(to: URL(fileURLWithPath: other))
        for (target, error) in [
            (other, ModelPackageError.digestDiffers(file: package.weightsPath)),
            (place.root + "/nowhere", .unreadable(file: package.weightsPath)),
        ] {
            try FileManager.default.removeItem(atPath: package.weightsPath)
            try FileManager.default.createSymbolicLink(atPath: package.weightsPath, withDestinationPath: target)
            await #expect(throws: error) { try await package.verify() }
        }
    }

    @Test(arguments: [PackageWriter.Placement.copy, .link])
    func leavesAFileThatLiesInThePackageAlready(placement: PackageWriter.Placement) async throws {
        defer { place.remove() }
        let first = try await place.write()
        let other = place.root + "/by-another-way"
        try FileManager.default.createSymbolicLink(atPath: other, withDestinationPath: place.folder)
        for folder in [place.folder, other] {
            let source = PackageWriter.Source(
                name: "model.gguf", role: .weights, path: folder + "/model.gguf")
            let again = try await place.writer(placement).write([source]) { _ in first.manifest }
            #expect(again == first)
            #expect(try Data(contentsOf: URL(fileURLWithPath: place.folder + "/model.gguf")) == place.bytes)
        }
    }

    @Test func linksAndCopiesMakeTheSameModel() async throws {
        defer { place.remove() }
        let linked = try await place.write(.link)
        let path = place.folder + "/model.gguf"
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == place.weights)
        let copied = try await place.write(.copy)
        #expect(copied == linked)
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil)
        try FileManager.default.removeItem(atPath: place.weights)
        #expect(try await ModelPackage(folder: place.folder).verify() == linked)
    }

    @Test(arguments: [
        "../model.gguf", "..", ".model", "a/b.gguf", "/etc/passwd", "a/\u{301}b", "manifest.json", "a\u{0}b",
    ])
    func refusesAManifestThatNamesAFileOutsideItsFolder(name: String) async throws {
        defer { place.remove() }
        var manifest = try await place.write().manifest
        manifest.files[0].name = name
        try Data(CanonicalJSON.encode(manifest)).write(to: URL(fileURLWithPath: place.manifest))
        #expect(throws: InvalidField.self) { try ModelPackage(folder: place.folder) }
    }

    @Test func refusesAManifestItCannotTrustToUnderstand() async throws {
        defer { place.remove() }
        #expect(throws: ModelPackageError.unreadable(file: place.manifest)) { try ModelPackage(folder: place.folder) }
        let manifest = try await place.write().manifest
        let text = String(decoding: try CanonicalJSON.encode(manifest), as: UTF8.self)
        let texts = [
            "", "{", "[]", String(text.dropLast()), text + text, text.replacing("\"version\":1", with: "\"version\":2"),
            text.replacing("\"version\":1", with: "\"version\":1,\"version\":1"),
            text.replacing("\"version\":1", with: "\"version\":1,\"quorum\":3"),
            text.replacing("gguf", with: "GGUF"),
        ]
        for text in texts {
            try Data(text.utf8).write(to: URL(fileURLWithPath: place.manifest))
            #expect(throws: (any Error).self, "\(text)") { try ModelPackage(folder: place.folder) }
        }
        // The same content in other bytes would be the same manifest under another id.
        for text in [" " + text, text + "\n", text.replacing("\"temperature\":1,", with: "\"temperature\":1.0,")] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: place.manifest))
            #expect(throws: ModelPackageError.manifestNotCanonical(file: place.manifest)) {
                try ModelPackage(folder: place.folder)
            }
        }
        try Data(repeating: 0x20, count: Manifest.maximumBytes + 1).write(to: URL(fileURLWithPath: place.manifest))
        #expect(throws: ModelPackageError.manifestTooLarge(file: place.manifest)) {
            try ModelPackage(folder: place.folder)
        }
    }
}
