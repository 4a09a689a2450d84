import Arweave
import HTTPTransport
import ModelStorage
import Testing

@Suite struct ArweaveHTTPTests {
    @Test func aPackageTravelsOverSockets() async throws {
        let fixture = try PackageFixture()
        let double = NodeDouble("double", fixture.weave)
        try await LoopbackNode.serve(double) { origin in
            let client = HTTP1Client()
            let link = HTTPNodeLink(origin, client: client)
            #expect(link.name == origin.description)
            let id = try await fixture.upload([link], concurrency: 4)
            let folder = "\(fixture.folder.path)/fetched"
            try await ArweaveDownloader(nodes: fixture.nodes([link])).package(id, to: folder)
            #expect(fixture.isWhole(folder))
            await client.shutdown()
        }
    }

    @Test func aNodeThatDoesNotAnswerIsLeft() async throws {
        let weave = Weave()
        let double = NodeDouble("double", weave)
        double.fail { _ in
            try await Task.sleep(for: .seconds(3600))
            return nil
        }
        try await LoopbackNode.serve(double) { origin in
            let client = HTTP1Client()
            var limits = ArweaveNode.Limits()
            limits.deadline = .milliseconds(50)
            let silent = ArweaveNode(HTTPNodeLink(origin, client: client), limits: limits)
            await #expect {
                try await silent.anchor()
            } throws: { error in
                (error as? ArweaveFailure)?.reason == .timedOut
            }
            let nodes = ArweaveNodes([silent, ArweaveNode(NodeDouble("other", weave))])
            let anchor = try await nodes.anchor()
            #expect(anchor.count == 48)
            await client.shutdown()
        }
    }

    @Test func anAnswerWithoutEndIsCutOff() async throws {
        let double = NodeDouble("double", Weave())
        double.fail { _ in .answer(200, String(repeating: "1", count: 1 << 20)) }
        try await LoopbackNode.serve(double) { origin in
            let client = HTTP1Client()
            await #expect {
                try await ArweaveNode(HTTPNodeLink(origin, client: client)).price(bytes: 1)
            } throws: { error in
                (error as? ArweaveFailure)?.remedy == .ban
            }
            await client.shutdown()
        }
    }

    @Test func nobodyThereIsSaid() async throws {
        let client = HTTP1Client()
        // Port 1 is nobody's.
        let node = ArweaveNode(HTTPNodeLink(HTTPOrigin(host: "127.0.0.1", port: 1), client: client))
        await #expect {
            try await node.anchor()
        } throws: { error in
            guard let failure = error as? ArweaveFailure, case .unreachable = failure.reason else { return false }
            return failure.remedy == .patience && failure.description.contains("http://127.0.0.1:1")
        }
        await client.shutdown()
    }
}
