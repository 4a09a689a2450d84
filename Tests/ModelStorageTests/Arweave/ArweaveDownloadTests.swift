import Arweave
import Canonical
import Cryptography
import Foundation
import ModelStorage
import Synchronization
import Testing

/// The process ends here.
private struct Crash: Error {}

@Suite struct ArweaveDownloadTests {
    private let folder: TemporaryFolder
    private let weave = Weave()
    private let data = someBytes(1_500_000, seed: 9)
    private let transaction: Transaction
    private var target: String { "\(folder.path)/model.gguf" }

    init() throws {
        folder = try TemporaryFolder()
        transaction = try Self.store(data, in: weave)
    }

    /// Stores data as if somebody had uploaded it.
    @discardableResult
    private static func store(_ data: [UInt8], in weave: Weave, contentType: String = "x") throws -> Transaction {
        let tree = try DataTree(of: data)
        let transaction = try sign(tree.root, data.count, contentType)
        weave.store(
            transaction,
            (0..<tree.plan.filledCount).map { index in
                let range = tree.plan.range(index)
                return Weave.Chunk(range: range, bytes: Array(data[range]), path: tree.path(index))
            })
        return transaction
    }

    private static func sign(_ root: DataRoot, _ size: Int, _ contentType: String) throws -> Transaction {
        let wallet = try testWallet.get()
        return try TransactionBody(
            storing: root, size: size, tags: [TransactionTag("Content-Type", contentType)], reward: .zero,
            anchor: [1], owner: wallet.publicKey
        ).signed(by: wallet)
    }

    private func downloader(
        _ links: [any NodeLink], concurrency: Int = 2, limit: Int = 1 << 30
    ) -> ArweaveDownloader {
        var options = ArweaveDownloader.Options()
        options.concurrency = concurrency
        options.sizeLimit = limit
        let nodes = ArweaveNodes(links.map { ArweaveNode($0) }, patience: PatientTime(weave: nil).patience())
        return ArweaveDownloader(nodes: nodes, options: options)
    }

    private func chunkRequests(_ node: NodeDouble) -> Int { node.asked.filter { $0.hasPrefix("GET /chunk/") }.count }

    @Test func everyByteArrives() async throws {
        let node = NodeDouble("node", weave)
        let heard = Mutex<[TransferProgress]>([])
        try await downloader([node]).file(transaction.id, to: target) { progress in
            heard.withLock { $0.append(progress) }
        }
        #expect(folder.read("model.gguf") == data)
        #expect(heard.withLock { $0.last } == TransferProgress(phase: .transferring, done: 1_500_000, total: 1_500_000))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
        #expect(chunkRequests(node) == 6)
    }

    @Test(arguments: [
        NodeDouble.Fault.corrupted, .truncated, .answer(200, "<html>"), .answer(200, "{}"), .unreachable, .timeout,
        .answer(404, ""), .answer(410, ""), .answer(429, ""), .answer(500, ""), .answer(400, "invalid offset"),
    ])
    func anotherNodeStandsIn(fault: NodeDouble.Fault) async throws {
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        for path in ["/chunk/", "/tx/"] {
            bad.fail { $0.path.hasPrefix(path) ? fault : nil }
            try await downloader([bad, good]).file(transaction.id, to: target)
            #expect(folder.read("model.gguf") == data)
            try FileManager.default.removeItem(atPath: target)
        }
    }

    @Test func wrongBytesBanANode() async throws {
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        bad.fail { $0.path.hasPrefix("/chunk/") ? .corrupted : nil }
        try await downloader([bad, good], concurrency: 1).file(transaction.id, to: target)
        #expect(chunkRequests(bad) == 1)
    }

    @Test func withoutAnHonestNodeNothingAppears() async throws {
        let bad = NodeDouble("bad", weave)
        bad.fail { $0.path.hasPrefix("/chunk/") ? .corrupted : nil }
        await #expect {
            try await downloader([bad]).file(transaction.id, to: target)
        } throws: { error in
            "\(error)".contains("bad: GET /chunk/")
        }
        #expect(folder.read("model.gguf") == nil)
    }

    /// A node that answers with another chunk of the same transaction, which is proven, but not the one asked for.
    @Test func anotherChunkIsNotTheOneAskedFor() async throws {
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        let inner = NodeDouble("inner", weave)
        let first = try #require(weave.state.withLock { $0.mined[transaction.id]?.start })
        bad.fail { request in
            guard request.path.hasPrefix("/chunk/") else { return nil }
            let response = try await inner.send(
                NodeRequest(method: .get, path: "/chunk/\(first)", deadline: .seconds(1), responseLimit: 1 << 20))
            return .answer(200, String(decoding: response.body, as: UTF8.self))
        }
        try await downloader([bad, good]).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
    }

    @Test func anInterruptedDownloadGoesOn() async throws {
        let data = someBytes(8_000_000, seed: 10)
        let transaction = try Self.store(data, in: weave)
        var generator = SplitMix(state: 5)
        let node = NodeDouble("node", weave)
        var interruptions = 0
        while folder.read("model.gguf") == nil {
            let left = Mutex(Int.random(in: 2...5, using: &generator))
            node.fail { _ in
                guard
                    left.withLock({ count in
                        count -= 1; return count < 0
                    })
                else { return nil }
                throw Crash()
            }
            do {
                try await downloader([node]).file(transaction.id, to: target)
            } catch is Crash {
                interruptions += 1
            }
            try #require(interruptions < 100)
        }
        #expect(interruptions > 10)
        #expect(folder.read("model.gguf") == data)
        // Of 31 chunks only those that were on their way are asked for twice.
        #expect(chunkRequests(node) <= 31 + interruptions * 2)
    }

    @Test func filesThatAreThereAreNotFetchedAgain() async throws {
        let other = someBytes(700_000, seed: 12)
        let manifest = try PathManifest(files: ["a": transaction.id, "b": Self.store(other, in: weave).id])
        let package = try Self.store(manifest.json(), in: weave, contentType: PathManifest.contentType)
        let node = NodeDouble("node", weave)
        try await downloader([node]).package(package.id, to: folder.path)
        #expect(chunkRequests(node) == 1 + 6 + 3)
        _ = try folder.write("b", Array(other.dropLast()) + [0])
        try await downloader([node]).package(package.id, to: folder.path)
        #expect(chunkRequests(node) == 1 + 6 + 3 + 1 + 3)
        #expect(folder.read("a") == data)
        #expect(folder.read("b") == other)
    }

    @Test func whatWasSpoiltSinceIsFetchedAgain() async throws {
        let node = NodeDouble("node", weave)
        let left = Mutex(6)
        node.fail { _ in
            guard
                left.withLock({ count in
                    count -= 1; return count < 0
                })
            else { return nil }
            throw Crash()
        }
        await #expect(throws: Crash.self) {
            try await downloader([node], concurrency: 1).file(transaction.id, to: target)
        }
        #expect(chunkRequests(node) == 5)
        // Two ranges lose a byte each, the log's last entry is torn, and garbage follows.
        let part = try FileHandle(forUpdating: URL(fileURLWithPath: "\(target).part"))
        for offset: UInt64 in [0, 300_000] {
            try part.seek(toOffset: offset)
            let byte = try #require(try part.read(upToCount: 1)?.first)
            try part.seek(toOffset: offset)
            try part.write(contentsOf: [byte ^ 1])
        }
        try part.close()
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(target).part.log"))
        #expect(try log.seekToEnd() == 4 * 64)
        try log.truncate(atOffset: 4 * 64 - 10)
        try log.seekToEnd()
        try log.write(contentsOf: [UInt8](repeating: 0xFF, count: 100))
        try log.close()
        node.fail { _ in nil }
        try await downloader([node], concurrency: 1).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
        // The failed one, two that were spoilt, one whose entry was torn, and the two that were missing.
        #expect(chunkRequests(node) == 5 + 3 + 2)
    }

    // MARK: Gateways

    private func serveWhole(_ data: [UInt8]) {
        weave.state.withLock { state in
            state.chunks = [:]
            state.data[transaction.id] = data
        }
    }

    private func dataRequests(_ node: NodeDouble) -> Int { node.asked.filter { $0 == "GET /\(transaction.id)" }.count }

    @Test func aGatewayStandsInForChunks() async throws {
        serveWhole(data)
        let node = NodeDouble("node", weave)
        let heard = Mutex<[TransferProgress]>([])
        try await downloader([node]).file(transaction.id, to: target) { progress in
            heard.withLock { $0.append(progress) }
        }
        #expect(folder.read("model.gguf") == data)
        #expect(dataRequests(node) == 6)
        #expect(heard.withLock { $0.last?.done } == data.count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
    }

    @Test func whatAGatewayServesIsHeldAgainstTheSignature() async throws {
        serveWhole(data)
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        let count = Mutex(0)
        bad.fail { request in
            // One piece of six is wrong.
            guard request.range != nil else { return nil }
            return count.withLock { count in
                count += 1; return count == 3 ? .corrupted : nil
            }
        }
        try await downloader([bad, good]).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
        #expect(dataRequests(good) == 6)
        try FileManager.default.removeItem(atPath: target)
        bad.fail { $0.range != nil ? .corrupted : nil }
        await #expect(throws: ArweaveFailure.self) { try await downloader([bad]).file(transaction.id, to: target) }
        #expect(folder.read("model.gguf") == nil)
    }

    @Test(arguments: [
        NodeDouble.Fault.answer(200, "<html>"), .answer(206, "short"), .answer(404, ""), .answer(416, ""), .timeout,
        .answer(200, String(repeating: "x", count: 1_500_000)), .answer(206, String(repeating: "x", count: 300_000)),
    ])
    func aGatewayThatServesSomethingElseIsLeft(fault: NodeDouble.Fault) async throws {
        serveWhole(data)
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        bad.fail { $0.range != nil ? fault : nil }
        try await downloader([bad, good]).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
    }

    @Test func anInterruptedReadFromAGatewayGoesOn() async throws {
        serveWhole(data)
        let node = NodeDouble("node", weave)
        let left = Mutex(4)
        node.fail { request in
            guard request.range != nil else { return nil }
            guard
                left.withLock({ count in
                    count -= 1; return count < 0
                })
            else { return nil }
            throw Crash()
        }
        await #expect(throws: Crash.self) {
            try await downloader([node], concurrency: 1).file(transaction.id, to: target)
        }
        node.fail { _ in nil }
        try await downloader([node], concurrency: 1).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
        #expect(dataRequests(node) == 5 + 2)
    }

    // MARK: What is refused

    /// Not everybody cuts data as the reference does; what counts is what was signed.
    @Test func dataThatWasCutElsewhereArrives() async throws {
        let cuts = [0, 100_000, 262_144, 262_145, 500_000, 600_000]
        let data = someBytes(600_000, seed: 4)
        let (root, chunks) = ForeignTree.chunks(of: data, cuts: cuts)
        let transaction = try Self.sign(root, data.count, "x")
        weave.store(transaction, chunks)
        let node = NodeDouble("node", weave)
        try await downloader([node]).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
    }

    @Test func sizesBeyondTheLimitAreRefusedBeforeAByteIsFetched() async throws {
        let huge = try Self.sign(try #require(transaction.body.dataRoot), 1 << 50, "x")
        weave.store(huge, [])
        let node = NodeDouble("node", weave)
        await #expect(throws: ArweaveDownloadError.tooLarge(name: "\(huge.id)", size: 1 << 50, limit: 1 << 30)) {
            try await downloader([node]).file(huge.id, to: target)
        }
        #expect(chunkRequests(node) == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        let manifest = try PathManifest(files: ["a": transaction.id, "b": transaction.id])
        let package = try Self.store(manifest.json(), in: weave, contentType: PathManifest.contentType)
        await #expect(throws: ArweaveDownloadError.tooLarge(name: "the package", size: 3_000_000, limit: 2_000_000)) {
            try await downloader([node], limit: 2_000_000).package(package.id, to: "\(folder.path)/package")
        }
    }

    @Test(arguments: ["../escaped", "/tmp/escaped", "a/../../escaped", "a\\u0000b"])
    func manifestsThatLeaveTheFolderAreRefused(path: String) async throws {
        let json = #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"\#(path)":{"id":"\#(transaction.id)"}}}"#
        let package = try Self.store(Array(json.utf8), in: weave, contentType: PathManifest.contentType)
        await #expect(throws: ArweaveError.self) {
            try await downloader([NodeDouble("node", weave)]).package(package.id, to: "\(folder.path)/package")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func aPlaceInTheWeaveThatIsNotTheSignedSizeIsUntrue() async throws {
        let (bad, good) = (NodeDouble("bad", weave), NodeDouble("good", weave))
        bad.fail { $0.path.hasSuffix("/offset") ? .answer(200, #"{"size":"10","offset":"2000"}"#) : nil }
        try await downloader([bad, good]).file(transaction.id, to: target)
        #expect(folder.read("model.gguf") == data)
        #expect(chunkRequests(bad) == 0)
    }
}

/// A tree over chunks of any sizes, a chain of branches, as somebody else may build it.
private enum ForeignTree {
    private static func note(_ number: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: 24) + withUnsafeBytes(of: UInt64(number).bigEndian) { [UInt8]($0) }
    }

    private static func combine(_ parts: [UInt8]...) -> [UInt8] {
        SHA256.hash(parts.flatMap { SHA256.hash($0) })
    }

    static func chunks(of data: [UInt8], cuts: [Int]) -> (DataRoot, [Weave.Chunk]) {
        let ranges = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
        let digests = ranges.map { SHA256.hash(Array(data[$0])) }
        let leaves = zip(digests, ranges).map { combine($0, note($1.upperBound)) }
        // Node i holds chunks 0…i.
        var nodes = [leaves[0]]
        for index in 1..<leaves.count {
            nodes.append(combine(nodes[index - 1], leaves[index], note(ranges[index - 1].upperBound)))
        }
        let chunks = ranges.indices.map { index in
            var path: [UInt8] = []
            for branch in stride(from: leaves.count - 1, to: max(index - 1, 0), by: -1) {
                path += nodes[branch - 1] + leaves[branch] + note(ranges[branch - 1].upperBound)
            }
            path += digests[index] + note(ranges[index].upperBound)
            return Weave.Chunk(range: ranges[index], bytes: Array(data[ranges[index]]), path: path)
        }
        return (DataRoot(bytes: nodes.last!)!, chunks)
    }
}
