import Foundation
import ModelStorage
import Synchronization
import Testing

@Suite struct CacheRoomTests {
    /// Three packages of the same size in one cache, whose limit holds two.
    private func three() async throws -> (CacheFixture, CacheFixture, CacheFixture, limit: Int) {
        let first = try await CacheFixture(seed: 1)
        let second = try await CacheFixture(seed: 2, in: first.folder)
        let third = try await CacheFixture(seed: 3, in: first.folder)
        return (first, second, third, 150_000)
    }

    @Test func whatWasNotUsedForTheLongestTimeGoesFirst() async throws {
        let (first, second, third, limit) = try await three()
        _ = try await first.open(limit: limit)
        _ = try await second.open(limit: limit)
        try first.age(200)
        try second.age(100)
        // Being asked for counts as use.
        _ = try await first.open(limit: limit)
        let removed = Mutex<[PackageEvent]>([])
        _ = try await third.open(limit: limit) { event in
            if case .removed = event { removed.withLock { $0.append(event) } }
        }
        #expect(removed.withLock { $0 } == [.removed(id: "\(second.id)")])
        let left = try first.cache().entries()
        #expect(left.map(\.subject) == [.package(first.id), .package(third.id)])
        #expect(left.allSatisfy { $0.isWhole && !$0.isInUse && $0.bytes > 60_000 })
    }

    @Test func whatIsInUseIsNeverRemoved() async throws {
        let (first, second, third, limit) = try await three()
        let held = try await first.open(limit: limit)
        try first.age(200)
        _ = try await second.open(limit: limit)
        _ = try await third.open(limit: limit)
        #expect(try first.cache().entries().map(\.subject) == [.package(first.id), .package(third.id)])
        #expect(try first.cache().entries().map(\.isInUse) == [true, false])
        #expect(try first.package.equals(held.folder))
        #expect(throws: StorageError.inUse(.package(first.id))) {
            try first.cache().remove(.package(first.id))
        }
    }

    @Test func withoutRoomNothingIsFetched() async throws {
        let (first, second, _, _) = try await three()
        let held = try await first.open(limit: 100_000)
        await #expect {
            try await second.open(limit: 100_000)
        } throws: { error in
            guard case StorageError.cacheTooSmall(_, let used, limit: 100_000)? = error as? StorageError else {
                return false
            }
            return used > 60_000
        }
        #expect(second.gateway.leavesAsked == 0)
        #expect(try first.package.equals(held.folder))
    }

    /// Its manifest asks for more than its files are.
    @Test func aPackageThatNeedsMoreDiskThanThereIsIsRefusedBeforeItsWeightsCome() async throws {
        let fixture = try await CacheFixture(disk: 1 << 52)
        await #expect {
            try await fixture.open()
        } throws: { error in
            guard case StorageError.noRoom(_, let needed, let free)? = error as? StorageError else { return false }
            return needed > free && needed > 1 << 51
        }
        let manifest = try #require(fixture.package.content["manifest.json"])
        let weights = try #require(fixture.package.content["tiny model.gguf"])
        #expect(fixture.gateway.leavesAsked == (manifest.count + 999) / 1_000)
        #expect(weights.count > manifest.count * 10)
    }

    @Test func aPackageIsRemovedOnDemand() async throws {
        let fixture = try await CacheFixture()
        _ = try await fixture.open()
        let cache = try fixture.cache()
        #expect(try cache.remove(.package(fixture.id)))
        #expect(try cache.entries().isEmpty)
        #expect(try !cache.remove(.package(fixture.id)))
        #expect(!FileManager.default.fileExists(atPath: fixture.entry))
    }
}
