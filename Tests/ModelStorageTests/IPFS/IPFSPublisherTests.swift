import ContentAddressing
import Foundation
import HTTPTransport
import ModelStorage
import Testing

@Suite struct IPFSPublisherTests {
    private static let segmentBytes = 10_000

    private func publish(
        _ package: TestPackage, _ kubo: KuboDouble, on running: TestServer? = nil, attempts: Int = 5,
        readsBack: Bool = true, secret: String? = nil
    ) async throws -> PublishReport {
        // A server of its own has another port each time, and so another journal.
        let server: TestServer
        if let running { server = running } else { server = try await kubo.start() }
        let endpoint = server.endpoint { $0.fields[.authorization] = secret }
        let result: Result<PublishReport, any Error>
        do {
            let report = try await withClient { client in
                var publisher = IPFSPublisher(
                    rpc: KuboRPC(client: client, endpoint: endpoint), gateways: readsBack ? [server.endpoint()] : [],
                    journalFolder: package.folder + "/journal")
                publisher.segmentBytes = Self.segmentBytes
                publisher.retry = Retry(attempts: attempts, base: .milliseconds(1), most: .milliseconds(2))
                return try await publisher.publish(package.dag)
            }
            result = .success(report)
        } catch {
            result = .failure(error)
        }
        if running == nil { await server.stop() }
        return try result.get()
    }

    private func uniqueBytes(_ package: TestPackage) -> Int { package.blocks.values.reduce(0) { $0 + $1.bytes.count } }

    @Test func publishesEveryBlockOnceAndPinsTheRoot() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        let report = try await publish(package, kubo)
        #expect(report.root == package.root)
        #expect(kubo.blocks == package.blocks)
        #expect(kubo.pins == [package.root])
        #expect(report.sentBytes == uniqueBytes(package))
        #expect(kubo.received == report.sentBytes)
        #expect(report.presentBytes == 0)
        #expect(report.sampledBlocks >= 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: package.folder + "/journal") == [])
    }

    @Test func whatIsPinnedIsNotSentAgain() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        _ = try await publish(package, kubo)
        let received = kubo.received
        let report = try await publish(package, kubo)
        #expect(kubo.received == received)
        #expect(report.sentBytes == 0)
        #expect(report.presentBytes == received)
    }

    @Test func whatANodeHasFromAnotherVersionIsNotSentAgain() async throws {
        let weights = TestPackage.bytes(80_000, 3)
        let first = try await TestPackage(["model.gguf": weights, "manifest.json": [1]])
        let second = try await TestPackage(["model.gguf": weights, "manifest.json": [2]])
        let kubo = KuboDouble()
        _ = try await publish(first, kubo)
        let report = try await publish(second, kubo)
        #expect(report.sentBytes < 5_000)
        #expect(kubo.pins == [first.root, second.root])
    }

    /// The connection ends in the middle of an archive, again and again: only what is missing is sent again.
    @Test func afterABreakOnlyWhatIsMissingIsSent() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0/dag/import", kind: .drop(after: 6_000), times: 4))
        let report = try await publish(package, kubo)
        #expect(kubo.blocks == package.blocks)
        #expect(kubo.received == uniqueBytes(package))
        #expect(report.sentBytes + report.presentBytes == uniqueBytes(package))
    }

    @Test func aPublicationThatEndedGoesOnLater() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0/dag/import", kind: .drop(after: 6_000), times: 1))
        await #expect(throws: StorageError.self) { try await publish(package, kubo, attempts: 1) }
        #expect(kubo.pins == [])
        let before = kubo.received
        #expect(before > 0)
        let report = try await publish(package, kubo)
        #expect(kubo.pins == [package.root])
        #expect(kubo.received == uniqueBytes(package))
        #expect(report.sentBytes == uniqueBytes(package) - before)
    }

    @Test func theJournalRemembersWhatWasBegunAndDone() throws {
        let folder = try TestPackage.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let root = CID(of: [1], codec: .raw)
        func open(_ server: String = "http://a:1", _ bytes: Int = 10) throws -> PublishJournal {
            try PublishJournal(folder: folder, root: root, server: server, segmentBytes: bytes)
        }
        var journal = try open()
        try journal.begin(3)
        try journal.finish(3)
        try journal.begin(4)
        // What was being written when the process was killed.
        let file = try #require(FileHandle(forWritingAtPath: journal.path))
        try file.seekToEnd()
        try file.write(contentsOf: Data("done 1".utf8))
        try file.close()
        journal = try open()
        #expect(journal.isDone(3) && journal.isInDoubt(4) && !journal.isDone(4))
        #expect(!journal.isDone(1) && !journal.isInDoubt(1))
        try journal.begin(5)
        #expect(try open().isInDoubt(5))
        // Another server, or segments of another size, is another story.
        #expect(try !open("http://b:1").isDone(3))
        try journal.doubtAll(2)
        journal = try open()
        #expect(!journal.isDone(3) && journal.isInDoubt(0) && journal.isInDoubt(1) && !journal.isInDoubt(2))
        try journal.finish(0)
        #expect(try !open("http://a:1", 11).isDone(0))
    }

    @Test func blocksThatTheNodeLostAreSentAgain() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        let victim = try #require(package.dag.files.last?.leaves.first)
        kubo.add(.init(path: "/api/v0/dag/import", kind: .loses(victim), times: 3))
        _ = try await publish(package, kubo)
        #expect(kubo.blocks == package.blocks)
        #expect(kubo.pins == [package.root])
    }

    @Test func aNodeThatNeverKeepsABlockIsNamed() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        let victim = try #require(package.dag.files.last?.leaves.first)
        kubo.add(.init(path: "/api/v0/dag/import", kind: .loses(victim), times: 100))
        do {
            _ = try await publish(package, kubo)
            Issue.record("a package with a hole was published")
        } catch StorageError.notKept(_, let root, let reason) {
            #expect(root == package.root)
            #expect(reason.contains("context deadline exceeded"))
        }
    }

    @Test func anErrorAfterTheAnswerBeganIsAnError() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0/dag/import", kind: .streamError("disk full"), times: 100))
        do {
            _ = try await publish(package, kubo, attempts: 2)
            Issue.record("a stream's error was not seen")
        } catch StorageError.unreachable(_, _, let reason) {
            #expect(reason == "disk full")
        }
    }

    @Test func aNodeThatStoredLessThanWasSentIsAskedAgain() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0/dag/import", kind: .counts(1), times: 2))
        _ = try await publish(package, kubo)
        #expect(kubo.blocks == package.blocks)
    }

    @Test(arguments: [401, 403, 404, 405])
    func aRefusalEndsAtOnceWithTheServersWords(status: Int) async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0", kind: .status(status, "who are you"), times: 100))
        do {
            _ = try await publish(package, kubo, secret: "Bearer secret")
            Issue.record("a refusal was not seen")
        } catch let error as StorageError {
            #expect(error.description.contains("\(status) who are you"))
            #expect(!error.description.contains("secret"))
        }
        #expect(kubo.calls.count == 1)
        #expect(kubo.authorizations == ["Bearer secret"])
    }

    @Test func passingErrorsAreTriedAgain() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        kubo.add(.init(path: "/api/v0/dag/import", kind: .status(503, "busy"), times: 2))
        kubo.add(.init(path: "/api/v0/block/stat", kind: .status(429, "slowly"), times: 2))
        _ = try await publish(package, kubo)
        #expect(kubo.pins == [package.root])
    }

    @Test func aFileThatChangesWhileItIsSentIsNotPublished() async throws {
        let package = try await TestPackage(["file": TestPackage.bytes(5_000, 1)])
        try Data(TestPackage.bytes(5_000, 2)).write(to: URL(fileURLWithPath: package.folder + "/package/file"))
        let kubo = KuboDouble()
        await #expect(throws: ImportError.changed(path: package.folder + "/package/file")) {
            try await publish(package, kubo)
        }
        #expect(kubo.pins == [])
    }

    @Test func whatWasPublishedCanBeFetched() async throws {
        let package = try await TestPackage()
        let kubo = KuboDouble()
        _ = try await publish(package, kubo, readsBack: false)
        let server = try await kubo.start()
        try await withClient { client in
            _ = try await IPFSFetcher(gateways: [server.endpoint()], client: client)
                .fetch(package.root, to: package.target)
        }
        await server.stop()
        #expect(try package.equals(package.target))
    }
}
