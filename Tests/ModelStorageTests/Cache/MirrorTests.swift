import ContentAddressing
import Foundation
import ModelStorage
import NIOHTTP1
import Synchronization
import Testing

/// Packages from a web server that has their files.
@Suite struct MirrorTests {
    /// A web server over a package's files, which may misbehave.
    final class Mirror: Sendable {
        enum Manner: Sendable {
            case honest, knowsNoRanges, wrongRange, cutsOffOnce, corrupts, sendsTooMuch, hasNot, isBusyOnce, sendsHTML
        }

        private let content: [String: [UInt8]]
        private let manner: Manner
        private let seen = Mutex<[(path: String, range: String?)]>([])

        init(_ content: [String: [UInt8]], _ manner: Manner) {
            self.content = content
            self.manner = manner
        }

        var requests: [(path: String, range: String?)] { seen.withLock { $0 } }

        func answer(_ request: TestServer.Request) -> TestServer.Answer {
            let range = request.head.headers["Range"].first
            let before = seen.withLock { seen in
                seen.append((request.path, range))
                return seen.count { $0.path == request.path } - 1
            }
            let name = request.path.dropFirst("/models/tiny/".count).replacingOccurrences(of: "%20", with: " ")
            guard var bytes = content[name] else { return .whole(.notFound, []) }
            let start = range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
            let isWeights = name != "manifest.json"
            switch manner {
            case .isBusyOnce where before == 0: return .whole(.serviceUnavailable, [], fields: [("Retry-After", "0")])
            case .sendsHTML: return .whole(.ok, Array("<html>Please wait</html>".utf8))
            case .hasNot where isWeights: return .whole(.notFound, [])
            case .corrupts where isWeights: bytes[40_000] ^= 1
            case .sendsTooMuch where isWeights: bytes += [0]
            case .cutsOffOnce where isWeights && before == 0:
                return .cut(Array(bytes.prefix(20_000)), promised: bytes.count)
            case .wrongRange where start > 0:
                return .whole(.partialContent, bytes, fields: [("Content-Range", "bytes 0-\(bytes.count - 1)/*")])
            default: break
            }
            guard start > 0, manner != .knowsNoRanges else { return .whole(.ok, bytes) }
            return .whole(
                .partialContent, Array(bytes[start...]),
                fields: [("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")])
        }
    }

    private func open(
        _ fixture: CacheFixture, _ mirror: Mirror, id: CID? = nil
    ) async throws -> CachedPackage {
        let server = try await TestServer.start { mirror.answer($0) }
        let result: Result<CachedPackage, any Error>
        do {
            let address = try PackageAddress("\(server.url)/models/tiny#\(id ?? fixture.id)")
            result = .success(try await fixture.open(address: address))
        } catch {
            result = .failure(error)
        }
        await server.stop()
        return try result.get()
    }

    @Test(arguments: [Mirror.Manner.honest, .isBusyOnce])
    func givesAPackageThatIsComparedWithItsID(manner: Mirror.Manner) async throws {
        let fixture = try await CacheFixture()
        let package = try await open(fixture, Mirror(fixture.package.content, manner))
        #expect(try fixture.package.equals(package.folder))
        #expect(fixture.gateway.order.isEmpty)
        // The same package, whatever the address.
        #expect(try await fixture.open().folder == package.folder)
        #expect(fixture.gateway.order.isEmpty)
    }

    @Test func aPackageThatNeedsMoreDiskThanThereIsIsRefusedBeforeItsWeightsCome() async throws {
        let fixture = try await CacheFixture(disk: 1 << 52)
        let mirror = Mirror(fixture.package.content, .honest)
        await #expect {
            try await open(fixture, mirror)
        } throws: { error in
            guard case StorageError.noRoom? = error as? StorageError else { return false }
            return true
        }
        #expect(mirror.requests.map(\.path) == ["/models/tiny/manifest.json"])
    }

    @Test func aFileThatIsCutOffIsAskedForAgain() async throws {
        let fixture = try await CacheFixture()
        let mirror = Mirror(fixture.package.content, .cutsOffOnce)
        let package = try await open(fixture, mirror)
        #expect(try fixture.package.equals(package.folder))
        #expect(mirror.requests.count { $0.path.hasSuffix(".gguf") } == 2)
    }

    /// With what an earlier fetch has left, right or wrong.
    @Test(arguments: [Mirror.Manner.honest, .knowsNoRanges, .wrongRange], [true, false])
    func goesOnWithWhatIsThere(manner: Mirror.Manner, isRight: Bool) async throws {
        let fixture = try await CacheFixture()
        let content = fixture.entry + "/package.partial/content"
        try FileManager.default.createDirectory(atPath: content, withIntermediateDirectories: true)
        let half = Array(try #require(fixture.package.content["tiny model.gguf"]).prefix(30_000))
        try Data(isRight ? half : half.map { ~$0 }).write(to: URL(fileURLWithPath: content + "/tiny model.gguf"))
        try Data("stray".utf8).write(to: URL(fileURLWithPath: content + "/stray"))
        let mirror = Mirror(fixture.package.content, manner)
        let package = try await open(fixture, mirror)
        #expect(try fixture.package.equals(package.folder))
        #expect(mirror.requests.contains { $0.range == "bytes=30000-" })
    }

    @Test(arguments: [Mirror.Manner.corrupts, .sendsTooMuch, .hasNot, .sendsHTML])
    func nothingWrongIsKept(manner: Mirror.Manner) async throws {
        let fixture = try await CacheFixture()
        await #expect(throws: StorageError.self) {
            try await open(fixture, Mirror(fixture.package.content, manner))
        }
        #expect(try fixture.cache().entries().allSatisfy { !$0.isWhole })
        #expect(fixture.readCount == 0)
    }

    /// The files are right by their own manifest, but they are another package's.
    @Test func anotherPackageIsRefused() async throws {
        let fixture = try await CacheFixture()
        let other = try await CacheFixture(seed: 2)
        await #expect {
            try await open(fixture, Mirror(other.package.content, .honest))
        } throws: { error in
            guard case StorageError.otherPackage(fixture.id, other.id, _)? = error as? StorageError else {
                return false
            }
            return true
        }
        #expect(try fixture.cache().entries().isEmpty)
    }

    @Test func aPlaceOutsideTheCacheGetsItOnlyWhenItIsRight() async throws {
        let fixture = try await CacheFixture()
        let other = try await CacheFixture(seed: 2)
        let mirror = Mirror(fixture.package.content, .honest)
        let server = try await TestServer.start { mirror.answer($0) }
        let target = fixture.folder.path + "/target"
        try await withClient { client in
            let sources = PackageSources(gateways: [], arweave: nil, client: client)
            await #expect(throws: StorageError.self) {
                try await sources.fetch(
                    PackageAddress("\(server.url)/models/tiny#\(other.id)"), to: target, read: CacheFixture.read)
            }
            #expect(!FileManager.default.fileExists(atPath: target))
            let reading = try await sources.fetch(
                PackageAddress("\(server.url)/models/tiny#\(fixture.id)"), to: target, read: CacheFixture.read)
            #expect(reading.root.cid == fixture.id)
        }
        await server.stop()
        #expect(try fixture.package.equals(target))
    }
}
