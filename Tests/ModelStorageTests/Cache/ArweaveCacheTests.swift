import Foundation
import ModelStorage
import Testing

/// Packages by a transaction's id: which package that is shows once it is there.
@Suite struct ArweaveCacheTests {
    private func fixtures() async throws -> (CacheFixture, PackageFixture) {
        let cached = try await CacheFixture()
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
        #expect(try fixture.cache().remove(fixture.id))
        let again = try await open(fixture, .arweave(id), published.nodes([NodeDouble("node", published.weave)]))
        #expect(try fixture.package.equals(again.folder))
    }
}
