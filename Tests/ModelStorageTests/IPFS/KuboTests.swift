import ContentAddressing
import Foundation
import HTTPTransport
import ModelStorage
import NIOCore
import Testing

private let environment = ProcessInfo.processInfo.environment
/// Two connected Kubo nodes, whose RPC and gateway answer at the same place: `scripts/test-ipfs` starts them.
private let nodes = [environment["DNA_KUBO"], environment["DNA_KUBO_PEER"]].compactMap {
    $0.flatMap { StorageEndpoint($0) }
}

@Suite(.enabled(if: nodes.count == 2), .serialized) struct KuboTests {
    private static func call(_ command: String, _ client: HTTP1Client) async throws -> [UInt8] {
        let answer = try await client.send(
            .post, "/api/v0/\(command)", to: nodes[0].origin, deadline: .seconds(90), responseLimit: 64 << 20)
        try #require(answer.status == .ok, "\(command): \(String(buffer: answer.body))")
        return Array(answer.body.readableBytesView)
    }

    private func publish(_ package: TestPackage, _ client: HTTP1Client) async throws -> PublishReport {
        let publisher = IPFSPublisher(
            rpc: KuboRPC(client: client, endpoint: nodes[0]), gateways: [nodes[0]],
            journalFolder: package.folder + "/journal")
        return try await publisher.publish(package.dag)
    }

    private static let content = [
        "manifest.json": Array("{}".utf8), "weights/model.gguf": TestPackage.bytes(3_500_000, 21),
        "weights/small": TestPackage.bytes(1 << 20, 22), "empty": [],
    ]

    @Test(arguments: ImportProfile.known)
    func kuboPinsAndReadsWhatWePublish(profile: ImportProfile) async throws {
        let package = try await TestPackage(Self.content, profile: profile)
        try await withClient { client in
            let report = try await publish(package, client)
            #expect(report.sampledBlocks > 3)
            for (name, bytes) in Self.content {
                let read = try await Self.call("cat?arg=\(package.root)/\(name)", client)
                #expect(read == bytes, "\(name)")
            }
        }
    }

    /// A file of a thousand and more leaves: two levels of nodes, in both profiles' shapes.
    @Test func kuboReadsDeepTrees() async throws {
        let bytes = TestPackage.bytes(700_000, 23)
        let profile = ImportProfile(name: "deep", chunkBytes: 500, width: 6)
        let package = try await TestPackage(["deep": bytes], profile: profile)
        try await withClient { client in
            _ = try await publish(package, client)
            #expect(try await Self.call("cat?arg=\(package.root)/deep", client) == bytes)
        }
    }

    @Test func theOtherNodeGetsOurPackageByBitswapAndWeFromIt() async throws {
        let package = try await TestPackage(["model.gguf": TestPackage.bytes(5_000_000, 24), "manifest.json": [1, 2]])
        try await withClient { client in
            _ = try await publish(package, client)
            let report = try await IPFSFetcher(gateways: [nodes[1]], client: client)
                .fetch(package.root, to: package.target)
            #expect(report.bytes == 5_000_002)
        }
        #expect(try package.equals(package.target))
    }

    @Test func whatKuboAddsHasTheIDWeComputeAndIsFetched() async throws {
        let old = ImportProfile(name: "ipfs add", chunkBytes: 1 << 18, width: 174, rawLeaves: false, version: .v0)
        let package = try await TestPackage(Self.content, profile: old)
        try await withClient { client in
            struct Added: Decodable { let Hash: String }
            let answer = try await Self.call("add?path=\(package.folder)/package", client)
            #expect(try JSONDecoder().decode(Added.self, from: Data(answer)).Hash == package.root.description)
            _ = try await IPFSFetcher(gateways: [nodes[0]], client: client).fetch(package.root, to: package.target)
        }
        #expect(try package.equals(package.target))
    }

    @Test func aHoleIsNoticedBeforeThePublicationEnds() async throws {
        let package = try await TestPackage(["model.gguf": TestPackage.bytes(2_500_000, 25)])
        try await withClient { client in
            let rpc = KuboRPC(client: client, endpoint: nodes[0])
            var publisher = IPFSPublisher(
                rpc: rpc, gateways: [], journalFolder: package.folder + "/journal")
            publisher.pinTimeout = .seconds(2)
            // A journal that says that everything was sent to a node that has nothing of it.
            let size = SegmentPlan.least
            let journal = try PublishJournal(
                folder: package.folder + "/journal", root: package.root, server: "\(nodes[0])", segmentBytes: size)
            try journal.finish(0)
            let report = try await publisher.publish(package.dag)
            #expect(report.sentBytes > 2_500_000)
        }
    }
}
