import ContentAddressing
import Foundation
import HTTPTransport
import HTTPTypes
import ModelStorage
import Synchronization
import Testing

@Suite struct IPFSFetcherTests {
    /// Soon enough for a test that waits for it; no honest server of a busy machine may need so long otherwise.
    private static let soon = Duration.milliseconds(300)

    private func fetch(
        _ package: TestPackage, from gateways: [TestGateway], within blockDeadline: Duration = .seconds(30),
        configure: (inout StorageEndpoint) -> Void = { _ in },
        progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) async throws -> FetchReport {
        var servers: [TestServer] = []
        for gateway in gateways { servers.append(try await gateway.start()) }
        let endpoints = servers.map { $0.endpoint(configure) }
        let result: Result<FetchReport, any Error>
        do {
            let report = try await withClient { client in
                var fetcher = IPFSFetcher(gateways: endpoints, client: client)
                fetcher.blockDeadline = blockDeadline
                fetcher.rest = .milliseconds(5)
                return try await fetcher.fetch(package.root, to: package.target, progress: progress)
            }
            result = .success(report)
        } catch {
            result = .failure(error)
        }
        for server in servers { await server.stop() }
        return try result.get()
    }

    @Test func fetchesAPackageByItsID() async throws {
        let package = try await TestPackage()
        let gateway = TestGateway(package.blocks)
        let report = try await fetch(package, from: [gateway])
        #expect(try package.equals(package.target))
        #expect(report.files == 5)
        #expect(report.bytes == package.dag.fileBytes)
        #expect(report.banned == [])
        // Each block once, be it in the package twice; inner nodes before leaves.
        #expect(gateway.asked.values.allSatisfy { $0 == 1 })
        let lastNode = gateway.order.lastIndex { $0.codec == .dagPB } ?? 0
        let firstLeaf = gateway.order.firstIndex { $0.codec == .raw } ?? 0
        #expect(lastNode < firstLeaf)
        #expect(!FileManager.default.fileExists(atPath: package.target + ".partial"))
    }

    @Test func fetchesWhatOlderToolsHaveMade() async throws {
        let old = ImportProfile(name: "old", chunkBytes: 1_000, width: 5, rawLeaves: false, version: .v0)
        let package = try await TestPackage(profile: old)
        #expect(package.root.description.hasPrefix("Qm"))
        _ = try await fetch(package, from: [TestGateway(package.blocks)])
        #expect(try package.equals(package.target))
    }

    @Test func fetchesASingleFile() async throws {
        for bytes in [[UInt8](), [1, 2, 3], TestPackage.bytes(12_345, 7)] {
            let package = try await TestPackage(["file": bytes])
            let dag = try await Importer(TestPackage.profile).add(package.folder + "/package/file")
            let server = try await TestGateway(package.blocks.merging([:]) { first, _ in first }).start()
            try await withClient { client in
                let fetcher = IPFSFetcher(gateways: [server.endpoint()], client: client)
                _ = try await fetcher.fetch(dag.root.cid, to: package.target)
            }
            await server.stop()
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: package.target))) == bytes)
        }
    }

    /// Nothing wrong is used, and the package comes by the other gateway.
    @Test(arguments: TestGateway.Manner.allCases)
    func aGatewayThatMisbehavesHarmsNothing(manner: TestGateway.Manner) async throws {
        let package = try await TestPackage()
        let bad = TestGateway(package.blocks) { _, _ in manner }
        let good = TestGateway(package.blocks)
        let report = try await fetch(
            package, from: [bad, good], within: manner == .stalls ? Self.soon : .seconds(30))
        #expect(try package.equals(package.target))
        switch manner {
        case .corrupts, .shortens, .floods, .sendsHTML, .sendsAnother: #expect(report.banned.count == 1)
        default: #expect(report.banned == [])
        }
    }

    @Test(arguments: TestGateway.Manner.allCases.filter { $0 != .honest })
    func withNobodyHonestTheFetchEndsWithAReason(manner: TestGateway.Manner) async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let bad = TestGateway(package.blocks) { _, _ in manner }
        await #expect(throws: StorageError.self) { try await fetch(package, from: [bad], within: Self.soon) }
        #expect(!FileManager.default.fileExists(atPath: package.target))
    }

    /// Each block fails here and there: what one cannot give another does, or the same later.
    @Test func blocksThatFailNowAndThenComeInTheEnd() async throws {
        let package = try await TestPackage()
        let flaky = (0..<2).map { _ in
            TestGateway(package.blocks) { cid, number in
                number % 3 == 0 ? [.hangsUp, .isBusy, .hasNot, .cutsOff][number % 4] : .honest
            }
        }
        let report = try await fetch(package, from: flaky)
        #expect(try package.equals(package.target))
        #expect(report.banned == [])
    }

    @Test func aFetchOutlastsARestartOfItsOnlyGateway() async throws {
        let package = try await TestPackage()
        let away = TestGateway(package.blocks) { _, number in number < 6 ? .hangsUp : .honest }
        _ = try await fetch(package, from: [away])
        #expect(try package.equals(package.target))
    }

    @Test func aBlockThatNobodyHasIsNotAskedForWithoutEnd() async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let empty = TestGateway(package.blocks) { _, _ in .hasNot }
        await #expect(throws: StorageError.self) { try await fetch(package, from: [empty, empty]) }
        #expect(empty.order.count == 6)
    }

    @Test func aBannedGatewayIsNotAskedAgain() async throws {
        let package = try await TestPackage()
        // Honest at first: it is found out in the middle.
        let bad = TestGateway(package.blocks) { _, number in number < 20 ? .honest : .corrupts }
        let banned = Mutex<[String]>([])
        let report = try await fetch(package, from: [bad, TestGateway(package.blocks)]) { _ in
        } progress: { event in
            if case .banned(_, let reason) = event { banned.withLock { $0.append(reason) } }
        }
        #expect(report.banned.count == 1)
        #expect(banned.withLock { $0.count } == 1)
        // What was under way when the first lie was noticed, and nothing after.
        #expect(bad.order.count <= 20 + 8)
        #expect(try package.equals(package.target))
    }

    @Test func aFetchThatWasStoppedGoesOnWhereItWas() async throws {
        let package = try await TestPackage()
        let first = TestGateway(package.blocks) { _, number in number < 60 ? .honest : .hasNot }
        await #expect(throws: StorageError.self) { try await fetch(package, from: [first]) }
        #expect(!FileManager.default.fileExists(atPath: package.target))
        let second = TestGateway(package.blocks)
        let present = Mutex(0)
        let report = try await fetch(package, from: [second]) { _ in
        } progress: { event in
            if case .planned(_, let bytes) = event { present.withLock { $0 = bytes } }
        }
        #expect(try package.equals(package.target))
        let leaves = second.asked.keys.filter { $0.codec == .raw }.count
        let all = package.blocks.keys.filter { $0.codec == .raw }.count
        #expect(present.withLock { $0 } > 20_000)
        #expect(leaves < all - 20)
        #expect(report.fetchedBytes < 60_000)
    }

    @Test func whatWasSpoiledBetweenTwoFetchesIsFetchedAgain() async throws {
        let package = try await TestPackage()
        let first = TestGateway(package.blocks) { _, number in number < 60 ? .honest : .hasNot }
        await #expect(throws: StorageError.self) { try await fetch(package, from: [first]) }
        let path = package.target + ".partial/content/weights/model.gguf"
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.write(contentsOf: Data(repeating: 9, count: 30_000))
        try file.close()
        _ = try await fetch(package, from: [TestGateway(package.blocks)])
        #expect(try package.equals(package.target))
    }

    @Test func aDownloadOfSomethingElseIsNotContinued() async throws {
        let package = try await TestPackage()
        let other = try await TestPackage(["zeros": TestPackage.bytes(20_000, 5)])
        let half = TestGateway(other.blocks) { _, number in number < 15 ? .honest : .hasNot }
        await #expect(throws: StorageError.self) { try await fetch(other, from: [half]) }
        try FileManager.default.moveItem(atPath: other.target + ".partial", toPath: package.target + ".partial")
        _ = try await fetch(package, from: [TestGateway(package.blocks)])
        #expect(try package.equals(package.target))
    }

    @Test func whatIsThereIsNotOverwrittenAndTwoDoNotMeet() async throws {
        let package = try await TestPackage(["file": [1]])
        try Data("mine".utf8).write(to: URL(fileURLWithPath: package.target))
        await #expect(throws: StorageError.exists(path: package.target)) {
            try await fetch(package, from: [TestGateway(package.blocks)])
        }
        try FileManager.default.removeItem(atPath: package.target)
        let asked = AsyncStream<Void>.makeStream()
        let slow = TestGateway(package.blocks) { _, _ in
            asked.continuation.yield()
            return .stalls
        }
        let first = Task { try await fetch(package, from: [slow], within: Self.soon) }
        for await _ in asked.stream { break }
        await #expect(throws: StorageError.busy(path: package.target)) {
            try await fetch(package, from: [TestGateway(package.blocks)])
        }
        await #expect(throws: StorageError.self) { try await first.value }
    }

    @Test func aPackageThatLeavesItsFolderIsRefused() async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let leaf = Block([1, 2, 3], codec: .raw)
        for name in ["../escaped", "..", "a/b"] {
            let node = DAGNode(
                links: [DAGLink(leaf.cid, name: name, totalSize: 3)], data: UnixFSData.directory.encode())
            let root = Block(node.encode(), codec: .dagPB)
            let server = try await TestGateway([root.cid: root, leaf.cid: leaf]).start()
            try await withClient { client in
                let fetcher = IPFSFetcher(gateways: [server.endpoint()], client: client)
                await #expect(throws: StorageError.refused(.badName(name))) {
                    try await fetcher.fetch(root.cid, to: package.target)
                }
            }
            await server.stop()
        }
        #expect(!FileManager.default.fileExists(atPath: package.folder + "/escaped"))
        #expect(!FileManager.default.fileExists(atPath: package.target))
    }

    /// The package lies about a leaf's size: that is not the gateway's fault.
    @Test func aLeafOfAnotherSizeIsThePackagesFault() async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let leaf = Block([1, 2, 3], codec: .raw)
        for size: UInt64 in [2, 4] {
            let node = DAGNode(
                links: [DAGLink(leaf.cid, name: "a", totalSize: size)], data: UnixFSData.directory.encode())
            let root = Block(node.encode(), codec: .dagPB)
            let server = try await TestGateway([root.cid: root, leaf.cid: leaf]).start()
            try await withClient { client in
                let fetcher = IPFSFetcher(gateways: [server.endpoint()], client: client)
                await #expect(throws: StorageError.refused(.sizesDisagree(leaf.cid))) {
                    try await fetcher.fetch(root.cid, to: package.target)
                }
            }
            await server.stop()
            try FileManager.default.removeItem(atPath: package.target + ".partial")
        }
    }

    @Test func aPackageLargerThanTheDiskIsRefusedBeforeItsLeavesCome() async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let size: UInt64 = 1 << 39
        var inner = UnixFSData.inner(blockSizes: [])
        inner.blockSizes = [size]
        inner.fileSize = size
        let child = Block([1], codec: .raw)
        let leaf = DAGNode(links: [DAGLink(child.cid, totalSize: size + 500)], data: inner.encode())
        let root = Block(leaf.encode(), codec: .dagPB)
        let server = try await TestGateway([root.cid: root]).start()
        try await withClient { client in
            let fetcher = IPFSFetcher(gateways: [server.endpoint()], client: client)
            await #expect(throws: StorageError.self) { try await fetcher.fetch(root.cid, to: package.target) }
        }
        await server.stop()
    }

    @Test func fieldsGoWithEveryRequest() async throws {
        let package = try await TestPackage(["file": [1, 2, 3]])
        let gateway = TestGateway(package.blocks)
        _ = try await fetch(package, from: [gateway]) { $0.fields[.authorization] = "Bearer secret" }
        #expect(gateway.authorizations == ["Bearer secret"])
    }

    @Test func endpointsAreReadFromURLsAndShowNoSecrets() {
        var endpoint = StorageEndpoint("https://example.org/base/")
        endpoint?.fields[.authorization] = "Bearer secret"
        #expect(endpoint?.prefix == "/base")
        #expect(endpoint.map { "\($0)" } == "https://example.org:443/base")
        for url in ["example.org", "ftp://example.org", "http://", "http://a/b?c", "http://a/b c", "http://u@a/"] {
            #expect(StorageEndpoint(url) == nil, "\(url)")
        }
    }
}
