import Arweave
import Cryptography
import ModelStorage
import Synchronization
import Testing

/// Answers with what it was given.
private struct FixedLink: NodeLink {
    let name = "node"
    let response: NodeResponse

    init(_ status: Int, _ text: String) {
        response = NodeResponse(status: status, body: Array(text.utf8))
    }

    func send(_ request: NodeRequest) async throws -> NodeResponse { response }
}

private func failure(_ body: () async throws -> Void) async throws -> ArweaveFailure {
    do {
        try await body()
    } catch let failure as ArweaveFailure {
        return failure
    }
    throw CancellationError()
}

private func transaction(_ data: [UInt8] = [1, 2, 3]) throws -> Transaction {
    let wallet = try testWallet.get()
    return try TransactionBody(
        storing: DataTree(of: data).root, size: data.count, tags: [], reward: Winston(1), anchor: [1],
        owner: wallet.publicKey
    ).signed(by: wallet)
}

@Suite struct ArweaveNodeTests {
    @Test(arguments: [
        (200, "OK", ArweaveNode.Posting.accepted), (208, "Transaction already processed.", .known),
        (400, "Transaction is already in the mempool.", .known),
    ])
    func aTransactionThatTheNodeHasIsPosted(status: Int, text: String, posting: ArweaveNode.Posting) async throws {
        #expect(try await ArweaveNode(FixedLink(status, text)).post(transaction()) == posting)
    }

    @Test(arguments: [
        (400, "Transaction verification failed.", ArweaveFailure.Remedy.nothing),
        (400, "Invalid anchor (last_tx).", .otherNode),
        (400, "The attached data is split in an unknown way.", .nothing),
        (413, "Payload too large", .nothing), (429, "Too Many Requests", .patience),
        (503, "Service Unavailable", .patience), (500, "", .patience), (404, "Not Found.", .otherNode),
    ])
    func whatHelpsWithATransactionThatIsNotTaken(
        status: Int, text: String, remedy: ArweaveFailure.Remedy
    ) async throws {
        let failure = try await failure { _ = try await ArweaveNode(FixedLink(status, text)).post(transaction()) }
        #expect(failure.remedy == remedy)
        #expect(failure.request == "POST /tx")
    }

    @Test(arguments: [(200, ArweaveNode.Storing.kept), (303, .passedOn)])
    func aChunkIsTaken(status: Int, storing: ArweaveNode.Storing) async throws {
        let chunk = ChunkUpload(0, of: try DataTree(of: [1]), bytes: [1])
        #expect(try await ArweaveNode(FixedLink(status, "")).post(chunk) == storing)
    }

    @Test(arguments: [
        (400, "invalid_json", ArweaveFailure.Remedy.nothing), (400, "chunk_too_big", .nothing),
        (400, "data_path_too_big", .nothing), (400, "offset_too_big", .nothing),
        (400, "data_size_too_big", .nothing), (400, "chunk_proof_ratio_not_attractive", .nothing),
        (400, "invalid_proof", .nothing), (400, "data_root_not_found", .patience),
        (400, "exceeds_disk_pool_size_limit", .patience), (400, "disk_full", .patience), (413, "", .nothing),
        (429, "", .patience), (503, "timeout", .patience),
    ])
    func whatHelpsWithAChunkThatIsNotTaken(status: Int, code: String, remedy: ArweaveFailure.Remedy) async throws {
        let chunk = ChunkUpload(0, of: try DataTree(of: [1]), bytes: [1])
        let link = FixedLink(status, #"{"error":"\#(code)"}"#)
        let failure = try await failure { _ = try await ArweaveNode(link).post(chunk) }
        #expect(failure.remedy == remedy)
        if remedy == .nothing { #expect(failure.description.hasSuffix("refused (\(status) \(code))")) }
        #expect((failure.reason == .unknownDataRoot) == (code == "data_root_not_found"))
    }

    @Test func statusesAreToldApart() async throws {
        let id = try transaction().id
        #expect(try await ArweaveNode(FixedLink(202, "Pending")).status(of: id) == .pending)
        #expect(try await ArweaveNode(FixedLink(404, "Not Found.")).status(of: id) == .unknown)
        let text = #"{"block_height":10,"block_indep_hash":"AA","number_of_confirmations":7}"#
        #expect(try await ArweaveNode(FixedLink(200, text)).status(of: id) == .confirmed(confirmations: 7))
    }

    /// A page of a captive portal, half an answer, an answer of another type, more than there can be.
    @Test(arguments: [
        "<html>Please log in</html>", "", "{", "[]", #"{"size":"10","offset":"9"}"#, #"{"size":"-1","offset":"1"}"#,
        #"{"chunk":"A=","data_path":""}"#, #"{"number_of_confirmations":-1}"#, "-5", "1e9", "007",
        String(repeating: " ", count: (1 << 20) + 1),
    ])
    func answersThatAreNotOnesBanTheNode(text: String) async throws {
        let node = ArweaveNode(FixedLink(200, text))
        let id = try transaction().id
        for failure in [
            try await failure { _ = try await node.anchor() }, try await failure { _ = try await node.price(bytes: 1) },
            try await failure { _ = try await node.status(of: id) },
            try await failure { _ = try await node.place(of: id) },
            try await failure { _ = try await node.chunk(at: 1) },
            try await failure { _ = try await node.transaction(id) },
        ] {
            #expect(failure.remedy == .ban, "\(failure)")
        }
    }

    @Test func whatANodeSaysIsQuotedHarmlessly() async throws {
        let text = "\u{1B}[31m\r\nowned\u{7F}é" + String(repeating: "x", count: 5_000)
        let failure = try await failure { _ = try await ArweaveNode(FixedLink(400, text)).post(transaction()) }
        #expect(failure.description.unicodeScalars.allSatisfy { $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F })
        #expect(failure.description.count < 300)
    }

    @Test func anotherTransactionThanAskedForIsUntrue() async throws {
        let (asked, other) = (try transaction(), try transaction([4]))
        let link = FixedLink(200, String(decoding: other.json(), as: UTF8.self))
        let failure = try await failure { _ = try await ArweaveNode(link).transaction(asked.id) }
        #expect(failure.remedy == .ban)
        let own = FixedLink(200, String(decoding: asked.json(), as: UTF8.self))
        #expect(try await ArweaveNode(own).transaction(asked.id) == asked)
        #expect(
            try await self.failure { _ = try await ArweaveNode(FixedLink(202, "")).transaction(asked.id) }.remedy
                == .patience)
    }

    private func failure(_ body: () async throws -> Void) async throws -> ArweaveFailure {
        try await ModelStorageTests.failure(body)
    }
}

@Suite struct ArweaveNodesTests {
    private let weave = Weave()

    private func ask(_ doubles: [NodeDouble], _ time: PatientTime, rounds: Int = 4) async throws -> [UInt8] {
        let nodes = ArweaveNodes(doubles.map { ArweaveNode($0) }, patience: time.patience(rounds: rounds))
        return try await nodes.anchor()
    }

    @Test func anotherNodeIsAskedBeforeAnybodyWaits() async throws {
        let (first, second) = (NodeDouble("first", weave), NodeDouble("second", weave))
        for fault in [NodeDouble.Fault.unreachable, .timeout, .answer(503, ""), .answer(404, ""), .answer(200, "?")] {
            first.fail { _ in fault }
            let time = PatientTime(weave: nil)
            #expect(try await ask([first, second], time).count == 48)
            #expect(time.waits.durations.withLock { $0.isEmpty })
        }
    }

    @Test func waitsGrowUntilANodeAnswers() async throws {
        let node = NodeDouble("node", weave)
        let count = Mutex(0)
        node.fail { _ in
            count.withLock { count in
                count += 1; return count <= 3 ? .answer(429, "") : nil
            }
        }
        let time = PatientTime(weave: nil)
        _ = try await ask([node], time)
        #expect(time.waits.durations.withLock { $0 } == [.seconds(1), .seconds(2), .seconds(4)])
    }

    @Test func patienceEnds() async throws {
        let node = NodeDouble("node", weave)
        node.fail { _ in .unreachable }
        await #expect(throws: ArweaveFailure.self) { try await ask([node], PatientTime(weave: nil), rounds: 3) }
        #expect(node.asked.count == 3)
    }

    @Test func nobodyWaitsForWhatNobodyHas() async throws {
        let nodes = [NodeDouble("first", weave), NodeDouble("second", weave)]
        for node in nodes { node.fail { _ in .answer(404, "") } }
        let time = PatientTime(weave: nil)
        await #expect(throws: ArweaveFailure.self) { try await ask(nodes, time) }
        #expect(time.waits.durations.withLock { $0.isEmpty })
    }

    @Test func aNodeThatSaysWhatIsUntrueIsNotAskedAgain() async throws {
        let (liar, honest) = (NodeDouble("liar", weave), NodeDouble("honest", weave))
        liar.fail { _ in .answer(200, "<html>") }
        let nodes = ArweaveNodes([ArweaveNode(liar), ArweaveNode(honest)])
        for _ in 0..<3 { _ = try await nodes.anchor() }
        #expect(liar.asked.count == 1)
        #expect(nodes.bans.map(\.node) == ["liar"])
    }
}
