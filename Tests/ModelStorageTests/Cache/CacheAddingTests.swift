import Foundation
import ModelStorage
import Testing

@Suite struct CacheAddingTests {
    @Test func whatWasAddedIsThereByItsIDWithoutAskingAnybody() async throws {
        let fixture = try await CacheFixture()
        let original = fixture.package.folder + "/package"
        let added = try await fixture.cache().add(original, id: fixture.id)
        #expect(added.id == fixture.id && added.folder == fixture.entry + "/package" && added.wasRead)
        #expect(fixture.readCount == 1)

        let opened = try await fixture.open()
        #expect(!opened.wasRead && opened.root == added.root && opened.digests == added.digests)
        #expect(try await !fixture.cache().add(original, id: fixture.id).wasRead)
        #expect(fixture.readCount == 1)
        #expect(fixture.gateway.order.isEmpty)
    }

    @Test func itsIDNeedNotBeKnownAndItsFilesMayBeLinks() async throws {
        let fixture = try await CacheFixture()
        let links = fixture.folder.path + "/links"
        try FileManager.default.createDirectory(atPath: links, withIntermediateDirectories: true)
        for name in fixture.package.content.keys {
            try FileManager.default.createSymbolicLink(
                atPath: "\(links)/\(name)", withDestinationPath: "\(fixture.package.folder)/package/\(name)")
        }
        let added = try await fixture.cache().add(links)
        #expect(added.id == fixture.id)
        #expect(try fixture.package.equals(added.folder))
        let type = try FileManager.default.attributesOfItem(atPath: fixture.weights)[.type] as? FileAttributeType
        #expect(type == .typeRegular)
    }

    @Test func anotherPackageThanToldIsRefusedAndDoesNotStay() async throws {
        let fixture = try await CacheFixture()
        let other = try await CacheFixture(seed: 2, in: fixture.folder)
        await #expect {
            _ = try await fixture.cache().add(other.package.folder + "/package", id: fixture.id)
        } throws: { error in
            guard case StorageError.otherPackage(let wanted, let found, _) = error else { return false }
            return wanted == fixture.id && found == other.id
        }
        #expect(try fixture.cache().entries().allSatisfy { !$0.isWhole })
        #expect(!FileManager.default.fileExists(atPath: fixture.weights))
    }

    @Test func whatBecomesOfTheOriginalChangesNothing() async throws {
        let fixture = try await CacheFixture()
        let original = fixture.package.folder + "/package/tiny model.gguf"
        _ = try await fixture.cache().add(fixture.package.folder + "/package", id: fixture.id)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: original))
        try handle.seek(toOffset: 30_000)
        try handle.write(contentsOf: [0, 1, 2, 3])
        try handle.close()
        try FileManager.default.removeItem(atPath: original)
        let opened = try await fixture.open()
        #expect(!opened.wasRead && fixture.gateway.order.isEmpty)
        #expect(try fixture.package.equals(opened.folder))
    }

    @Test func whatIsNoFileIsRefused() async throws {
        let fixture = try await CacheFixture()
        let original = fixture.package.folder + "/package"
        try FileManager.default.createDirectory(atPath: original + "/more", withIntermediateDirectories: true)
        await #expect {
            _ = try await fixture.cache().add(original, id: fixture.id)
        } throws: { error in
            guard case StorageError.notAPackage(let name, _) = error else { return false }
            return name == original + "/more"
        }
    }

    @Test func theLimitHoldsForItToo() async throws {
        let fixture = try await CacheFixture()
        await #expect {
            _ = try await fixture.cache(limit: 50_000).add(fixture.package.folder + "/package", id: fixture.id)
        } throws: { error in
            guard case StorageError.cacheTooSmall(let needed, 0, 50_000) = error else { return false }
            return needed > 60_500
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.weights))
    }

    /// Part of a download from elsewhere, which may hold anything.
    @Test func itDoesNotGoOnWithWhatAFetchLeft() async throws {
        let fixture = try await CacheFixture()
        let partial = fixture.entry + "/package.partial/content"
        try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 60_500).write(to: URL(fileURLWithPath: partial + "/tiny model.gguf"))
        let added = try await fixture.cache().add(fixture.package.folder + "/package", id: fixture.id)
        #expect(try fixture.package.equals(added.folder))
    }
}
