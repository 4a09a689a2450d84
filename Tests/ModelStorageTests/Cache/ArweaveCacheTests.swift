import Arweave
import Foundation
import ModelStorage
import Synchronization
import Testing

/// Packages by a transaction's id: which package that is shows once it is there.
@Suite struct ArweaveCacheTests {
    private func fixtures(disk: Int = 0) async throws -> (CacheFixture, PackageFixture) {
        let cached = try await CacheFixture(disk: disk)
        let contents = cached.package.content.sorted { $0.key < $1.key }.map { (name: $0.key, bytes: $0.value) }
        return (cached, try PackageFixture(contents))
    }

    private func open(
        _ fixture: CacheFixture, _ address: PackageAddress, _ nodes: ArweaveNodes
    ) async throws -> CachedPackage {
        let cache = try fixture.cache()
        return try await withClient { client in
            try await cache.open(address, from: PackageSources(gateways: [], arweave: nodes, client: client))
        }
    }

    @Test func aTransactionIsFetchedOnceAndKnownByThePackagesID() async throws {
        let (fixture, published) = try await fixtures()
        let id = try await published.upload([NodeDouble("node", published.weave)])
        let node = NodeDouble("node", published.weave)
        let first = try await open(fixture, .arweave(id), published.nodes([node]))
        #expect(first.id == fixture.id)
        #expect(try fixture.package.equals(first.folder))
        #expect(fixture.readCount == 1)

        // Nobody is asked again, and by IPFS it is the same package.
        let silent = NodeDouble("node", Weave())
        let second = try await open(fixture, .arweave(id), published.nodes([silent]))
        #expect(second.folder == first.folder && !second.wasRead)
        #expect(try await fixture.open().folder == first.folder)
        #expect(fixture.gateway.order.isEmpty && fixture.readCount == 1)
    }

    @Test func whatWasRemovedIsFetchedAgain() async throws {
        let (fixture, published) = try await fixtures()
        let id = try await published.upload([NodeDouble("node", published.weave)])
        _ = try await open(fixture, .arweave(id), published.nodes([NodeDouble("node", published.weave)]))
        #expect(try fixture.cache().remove(.package(fixture.id)))
        let again = try await open(fixture, .arweave(id), published.nodes([NodeDouble("node", published.weave)]))
        #expect(try fixture.package.equals(again.folder))
    }

    /// A node that gives so many chunks and no more: the path manifest, the manifest, the weights.
    private func node(_ weave: Weave, chunks: Int) -> NodeDouble {
        let node = NodeDouble("node", weave)
        let given = Mutex(0)
        node.fail { request in
            guard request.path.hasPrefix("/chunk/") else { return nil }
            return given.withLock { given in
                given += 1
                return given > chunks ? .answer(404, "") : nil
            }
        }
        return node
    }

    @Test func whatHasComeOfATransactionCountsAndGoesForOthers() async throws {
        let (fixture, published) = try await fixtures()
        let id = try await published.upload([NodeDouble("node", published.weave)])
        await #expect(throws: ArweaveFailure.self) {
            try await open(fixture, .arweave(id), published.nodes([node(published.weave, chunks: 2)]))
        }
        let cache = try fixture.cache()
        let entry = try #require(try cache.entries().first)
        #expect(try cache.entries().count == 1 && entry.subject == .transaction(id))
        #expect(entry.bytes > 60_000 && !entry.isWhole && !entry.isInUse)

        let other = try await CacheFixture(seed: 2, in: fixture.folder)
        let removed = Mutex<[PackageEvent]>([])
        _ = try await other.open(limit: 100_000) { event in
            if case .removed = event { removed.withLock { $0.append(event) } }
        }
        #expect(removed.withLock { $0 } == [.removed(id: "ar://\(id)")])
        #expect(try cache.entries().map(\.subject) == [.package(other.id)])
    }

    @Test func whatHasComeOfATransactionIsRemovedOnDemand() async throws {
        let (fixture, published) = try await fixtures()
        let id = try await published.upload([NodeDouble("node", published.weave)])
        await #expect(throws: ArweaveFailure.self) {
            try await open(fixture, .arweave(id), published.nodes([node(published.weave, chunks: 2)]))
        }
        let subject = try CacheSubject("ar://\(id)")
        #expect(try fixture.cache().remove(subject))
        #expect(try fixture.cache().entries().isEmpty)
        #expect(try !fixture.cache().remove(subject))
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.path + "/arweave")
        #expect(left.isEmpty)
    }

    @Test func aPackageThatNeedsMoreDiskThanThereIsIsRefusedBeforeItsWeightsCome() async throws {
        let (fixture, published) = try await fixtures(disk: 1 << 52)
        let id = try await published.upload([NodeDouble("node", published.weave)])
        let node = NodeDouble("node", published.weave)
        await #expect {
            try await open(fixture, .arweave(id), published.nodes([node]))
        } throws: { error in
            guard case StorageError.noRoom? = error as? StorageError else { return false }
            return true
        }
        #expect(node.asked.count { $0.hasPrefix("GET /chunk/") } == 2)
    }
}
