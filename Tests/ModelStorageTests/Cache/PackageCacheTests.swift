import ContentAddressing
import Foundation
import ModelStorage
import Synchronization
import Testing

@Suite struct PackageCacheTests {
    @Test func fetchesAPackageOnceAndReadsItOnce() async throws {
        let fixture = try await CacheFixture()
        let first = try await fixture.open()
        #expect(first.id == fixture.id && first.folder == fixture.entry + "/package" && first.wasRead)
        #expect(try fixture.package.equals(first.folder))
        #expect(fixture.readCount == 1)
        let asked = fixture.gateway.order.count

        let second = try await fixture.open()
        #expect(second.folder == first.folder && !second.wasRead)
        #expect(second.root.cid == fixture.id && second.root == first.root && second.digests == first.digests)
        #expect(fixture.readCount == 1)
        #expect(fixture.gateway.order.count == asked)
    }

    /// What another process could have done to a file that was read.
    enum Change: CaseIterable {
        case writtenTo, touched, replacedByACopy, writtenToAndTimeSetBack, shortened, aFileMore, aHiddenFileMore,
            aFileLess
    }

    @Test(arguments: Change.allCases)
    func theRecordVouchesForNoFileThatChanged(change: Change) async throws {
        let fixture = try await CacheFixture()
        _ = try await fixture.open()
        try apply(change, to: fixture.weights)
        let again = try await fixture.open()
        #expect(again.wasRead)
        #expect(fixture.readCount > 1)
        #expect(try fixture.package.equals(again.folder))
        // And now it is recorded.
        let reads = fixture.readCount
        #expect(try await !fixture.open().wasRead)
        #expect(fixture.readCount == reads)
    }

    private func apply(_ change: Change, to path: String) throws {
        let files = FileManager.default
        let url = URL(fileURLWithPath: path)
        let time = try #require(try files.attributesOfItem(atPath: path)[.modificationDate] as? Date)
        func flip() throws {
            let handle = try FileHandle(forUpdating: url)
            try handle.seek(toOffset: 30_000)
            let byte = try #require(try handle.read(upToCount: 1)?.first)
            try handle.seek(toOffset: 30_000)
            try handle.write(contentsOf: [byte ^ 1])
            try handle.close()
        }
        switch change {
        case .writtenTo: try flip()
        case .touched: try files.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
        case .replacedByACopy:
            try files.copyItem(atPath: path, toPath: path + ".copy")
            try files.setAttributes([.modificationDate: time], ofItemAtPath: path + ".copy")
            #expect(rename(path + ".copy", path) == 0)
        case .writtenToAndTimeSetBack:
            try flip()
            try files.setAttributes([.modificationDate: time], ofItemAtPath: path)
        case .shortened: #expect(truncate(path, 60_499) == 0)
        case .aFileMore: try Data("x".utf8).write(to: URL(fileURLWithPath: path + ".x"))
        case .aHiddenFileMore:
            try Data("x".utf8).write(to: url.deletingLastPathComponent().appending(path: ".x"))
        case .aFileLess: try files.removeItem(atPath: path)
        }
    }

    /// What a process leaves that is killed, or a machine that loses power.
    enum Remains: CaseIterable {
        case noRecord, tornRecord, anotherPackagesRecord, recordWithoutPackage, halfRemoved, garbageInPartial,
            emptyEntry
    }

    @Test(arguments: Remains.allCases)
    func whatACrashLeavesCountsForNothing(remains: Remains) async throws {
        let fixture = try await CacheFixture()
        _ = try await fixture.open()
        let files = FileManager.default
        let (record, package) = (fixture.entry + "/record.json", fixture.entry + "/package")
        switch remains {
        case .noRecord: try files.removeItem(atPath: record)
        case .tornRecord: #expect(truncate(record, 100) == 0)
        case .anotherPackagesRecord:
            let other = try await CacheFixture(seed: 2, in: fixture.folder)
            _ = try await other.open()
            try files.removeItem(atPath: record)
            try files.copyItem(atPath: other.entry + "/record.json", toPath: record)
        case .recordWithoutPackage: try files.removeItem(atPath: package)
        case .halfRemoved:
            try files.removeItem(atPath: record)
            try files.removeItem(atPath: fixture.weights)
        case .garbageInPartial:
            try files.removeItem(atPath: record)
            try files.moveItem(atPath: package, toPath: package + ".partial")
        case .emptyEntry:
            try files.removeItem(atPath: record)
            try files.removeItem(atPath: package)
        }
        let again = try await fixture.open()
        #expect(again.wasRead)
        #expect(try fixture.package.equals(again.folder))
        #expect(try await !fixture.open().wasRead)
    }

    @Test func goesOnWhereAnInterruptedFetchStopped() async throws {
        let fixture = try await CacheFixture()
        let stalls = TestGateway(fixture.package.blocks) { _, before in before < 40 ? .honest : .stalls }
        let fetch = Task { [fixture] in _ = try await fixture.open(from: stalls) }
        let deadline = ContinuousClock.now + .seconds(60)
        while stalls.order.count < 41, .now < deadline { await Task.yield() }
        fetch.cancel()
        await #expect(throws: CancellationError.self) { try await fetch.value }
        #expect(try fixture.cache().entries().map(\.isWhole) == [false])

        let package = try await fixture.open()
        #expect(try fixture.package.equals(package.folder))
        let leaves = fixture.package.blocks.keys.count { $0.codec == .raw }
        // What came before is not asked for again, but for what was on its way.
        #expect(fixture.gateway.leavesAsked <= leaves - 15)
    }

    @Test func whoComesWhileAnotherFetchesWaitsForIt() async throws {
        let fixture = try await CacheFixture()
        let (events, continuation) = AsyncStream.makeStream(of: Void.self)
        async let first = fixture.open { event in
            if case .planned = event { continuation.finish() }
        }
        for await _ in events {}
        let second = try await fixture.open()
        #expect(try await first.folder == second.folder)
        #expect(try fixture.package.equals(second.folder))
        #expect(fixture.gateway.asked.values.allSatisfy { $0 == 1 })
        #expect(fixture.readCount == 1)
    }

    @Test func whatIsNoPackageDoesNotStay() async throws {
        let fixture = try await CacheFixture()
        struct Refusal: Error {}
        let server = try await fixture.gateway.start()
        let cache = try PackageCache(folder: fixture.path) { _ in throw Refusal() }
        await #expect(throws: Refusal.self) {
            try await withClient { client in
                _ = try await cache.open(
                    fixture.address, from: PackageSources(gateways: [server.endpoint()], arweave: nil, client: client))
            }
        }
        await server.stop()
        #expect(try cache.entries().isEmpty)
    }

    @Test func noGatewayIsAnErrorThatNamesTheOption() async throws {
        let fixture = try await CacheFixture()
        await #expect(throws: StorageError.noSource(address: "ipfs://\(fixture.id)", option: "--ipfs-gateway")) {
            try await withClient { client in
                _ = try await fixture.cache().open(
                    fixture.address, from: PackageSources(gateways: [], arweave: nil, client: client))
            }
        }
    }

    /// Its records are believed.
    @Test func aCacheThatOthersMayWriteToIsRefused() async throws {
        let folder = try TemporaryFolder()
        for path in ["", "/locks", "/arweave"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/cache" + path, withIntermediateDirectories: true)
        }
        #expect(chmod(folder.path + "/cache", 0o777) == 0)
        #expect(throws: StorageError.writableByOthers(path: folder.path + "/cache")) {
            try PackageCache(folder: folder.path + "/cache", read: CacheFixture.read)
        }
    }
}
