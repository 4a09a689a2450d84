import Arweave
import HTTPTransport
import HTTPTypes
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

    @Test func aRangeIsAskedForAndARedirectFollowed() async throws {
        let weave = Weave()
        let id = TransactionID(bytes: [UInt8](repeating: 7, count: 32))!  // 32 bytes
        let data = someBytes(1_000)
        weave.state.withLock { $0.data[id] = data }
        let moved = ["/old": "/\(id)", "/below/old": "/\(id)", "/circle": "/circle", "/away": "http://10.0.0.1/\(id)"]
        try await LoopbackNode.serve(NodeDouble("double", weave), moved: moved) { origin in
            let client = HTTP1Client()
            let link = HTTPNodeLink(origin, client: client)
            func get(_ path: String) async throws -> NodeResponse {
                try await link.send(
                    NodeRequest(method: .get, path: path, range: 10..<20, deadline: .seconds(30), responseLimit: 100))
            }
            var below = try #require(StorageEndpoint("\(origin)/below"))
            below.fields[.authorization] = "Bearer x"
            let elsewhere = try await HTTPNodeLink(below, client: client).send(
                NodeRequest(method: .get, path: "/old", deadline: .seconds(30), responseLimit: 2_000))
            #expect(elsewhere.body == data)
            let response = try await get("/old")
            #expect(response.status == 206)
            #expect(response.body == Array(data[10..<20]))
            let away = try await get("/away")
            #expect(away.status == 302)
            await #expect(throws: NodeLinkError.self) { try await get("/circle") }
            await client.shutdown()
        }
    }

    @Test func redirectsStayBelowTheirOrigin() {
        func target(_ location: String?, from: String = "https://arweave.net") -> String? {
            HTTPOrigin(from).flatMap { Redirect(location, from: $0, below: $0) }.map { "\($0.origin)\($0.path)" }
        }
        #expect(target("/a?b") == "https://arweave.net:443/a?b")
        #expect(target("https://x.arweave.net/a") == "https://x.arweave.net:443/a")
        #expect(target("https://arweave.net") == "https://arweave.net:443/")
        #expect(target("https://arweave.net", from: "http://arweave.net") == "https://arweave.net:443/")
        for location in [
            "http://x.arweave.net/a", "https://evilarweave.net/a", "https://127.0.0.1/a", "//evil/a", "a", "",
            "https://evil/.arweave.net", "https://evil?.arweave.net", "https://evil@arweave.net/",
            "https://evil#.arweave.net",
            "/a\r\nX: y", nil,
        ] {
            #expect(target(location) == nil, "\(location ?? "")")
        }
    }

    @Test func nobodyThereIsSaid() async throws {
        let client = HTTP1Client()
        // Port 1 is nobody's.
        let node = ArweaveNode(HTTPNodeLink(try #require(StorageEndpoint("http://127.0.0.1:1")), client: client))
        await #expect {
            try await node.anchor()
        } throws: { error in
            guard let failure = error as? ArweaveFailure, case .unreachable = failure.reason else { return false }
            return failure.remedy == .patience && failure.description.contains("http://127.0.0.1:1")
        }
        await client.shutdown()
    }
}
