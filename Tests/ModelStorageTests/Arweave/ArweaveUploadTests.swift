import Arweave
import Foundation
import ModelStorage
import Synchronization
import Testing

/// The process ends here.
private struct Crash: Error {}

@Suite struct ArweaveUploadTests {
    private let fixture: PackageFixture

    init() throws {
        fixture = try PackageFixture()
    }

    @Test func whatIsUploadedIsDownloadedById() async throws {
        let node = NodeDouble("node", fixture.weave)
        let id = try await fixture.upload([node])
        #expect(fixture.weave.transactions.count == 4)
        #expect(fixture.weave.chunkPostings == fixture.chunkCount)
        let manifest = try #require(fixture.weave.transactions.first { $0.id == id })
        #expect(manifest.tag("Content-Type") == PathManifest.contentType)
        let folder = "\(fixture.folder.path)/fetched"
        let files = try await ArweaveDownloader(nodes: fixture.nodes([node])).package(id, to: folder)
        #expect(files.count == 3)
        #expect(fixture.isWhole(folder))
    }

    @Test func aSingleFileIsItsOwnPackage() async throws {
        let node = NodeDouble("node", fixture.weave)
        let uploader = try fixture.uploader([node])
        let file = try #require(try fixture.files().last)
        guard case .unpaid(let quote) = try await uploader.prepare([file]) else { return #expect(Bool(false)) }
        #expect(quote.items.map(\.size) == [1_300_000])
        let order = try await uploader.order(quote.accept())
        try await uploader.carryOut(order)
        let folder = "\(fixture.folder.path)/fetched"
        try await ArweaveDownloader(nodes: fixture.nodes([node])).package(order.packageID, to: folder, name: "m.gguf")
        #expect(fixture.folder.read("fetched/m.gguf") == fixture.contents[2].bytes)
    }

    @Test func nothingIsSpentBeforeItsPriceWasAccepted() async throws {
        let node = NodeDouble("node", fixture.weave)
        let uploader = try fixture.uploader([node])
        guard case .unpaid(let quote) = try await uploader.prepare(fixture.files(), index: "manifest.json") else {
            return #expect(Bool(false))
        }
        #expect(node.asked.allSatisfy { $0.hasPrefix("GET /price/") })
        #expect(quote.items.map(\.name) == ["manifest.json", "policy.lua", "weights/model.gguf", "paths"])
        #expect(quote.total == quote.items.reduce(.zero) { $0 + Winston(UInt64($1.size) * 3) })
        #expect(quote.payer == (try testWallet.get().address))
        let order = try await uploader.order(quote.accept())
        #expect(!node.asked.contains { $0.hasPrefix("POST") })
        #expect(fixture.folder.read("journal/upload.json") != nil)
        try await uploader.carryOut(order)
        let paid = fixture.weave.transactions.reduce(Winston.zero) { $0 + $1.body.reward }
        #expect(paid == quote.total)
    }

    @Test func aTransactionIsInTheJournalBeforeItIsPosted() async throws {
        let node = NodeDouble("node", fixture.weave)
        let folder = fixture.folder
        node.fail { request in
            if case .post(let body) = request.method, request.path == "/tx" {
                let journal = String(decoding: try #require(folder.read("journal/upload.json")), as: UTF8.self)
                #expect(journal.contains("\(try Transaction(json: body).id)"))
            }
            return nil
        }
        _ = try await fixture.upload([node])
    }

    /// Each answer is lost, or each request never arrives, at a point that moves through the whole upload.
    @Test(arguments: [true, false])
    func anUploadGoesOnWhereItWasInterrupted(arrives: Bool) async throws {
        var generator = SplitMix(state: arrives ? 11 : 12)
        let node = NodeDouble("node", fixture.weave)
        let inner = NodeDouble("node", fixture.weave)
        var interruptions = 0
        var id: TransactionID?
        while id == nil {
            let left = Mutex(Int.random(in: 1...(10 + 2 * interruptions), using: &generator))
            node.fail { request in
                guard
                    left.withLock({ count in
                        count -= 1; return count < 0
                    })
                else { return nil }
                // What was sent may have arrived, though nobody hears of it.
                if arrives { _ = try await inner.send(request) }
                throw Crash()
            }
            do {
                id = try await fixture.upload([node])
            } catch is Crash {
                interruptions += 1
            }
            try #require(interruptions < 100)
        }
        #expect(interruptions > 5)
        // Paid once, whatever happened.
        #expect(fixture.weave.transactions.count == 4)
        #expect(fixture.weave.state.withLock { $0.postings.values.allSatisfy { $0 == 1 } })
        // What was on its way when the process ended is sent again, no more.
        #expect(fixture.weave.chunkPostings <= fixture.chunkCount + interruptions * 2)
        let folder = "\(fixture.folder.path)/fetched"
        let whole = NodeDouble("node", fixture.weave)
        try await ArweaveDownloader(nodes: fixture.nodes([whole])).package(try #require(id), to: folder)
        #expect(fixture.isWhole(folder))
    }

    @Test func aFinishedUploadCostsNothingAgain() async throws {
        let node = NodeDouble("node", fixture.weave)
        let id = try await fixture.upload([node])
        let (chunks, paid) = (fixture.weave.chunkPostings, fixture.weave.transactions.count)
        #expect(try await fixture.upload([node]) == id)
        #expect(fixture.weave.chunkPostings == chunks)
        #expect(fixture.weave.transactions.count == paid)
    }

    @Test func aJournalServesForOneUploadAfterTheOther() async throws {
        let node = NodeDouble("node", fixture.weave)
        _ = try await fixture.upload([node])
        let uploader = try fixture.uploader([node])
        let other = UploadFile(name: "other", path: try fixture.folder.write("other", someBytes(300_000)))
        guard case .unpaid(let quote) = try await uploader.prepare([other]) else { return #expect(Bool(false)) }
        try await uploader.carryOut(try await uploader.order(quote.accept()))
        // Two chunks; those of before are forgotten.
        #expect(fixture.folder.read("journal/chunks.log")?.count == 2 * 40)
    }

    @Test(arguments: [
        NodeDouble.Fault.answer(400, #"{"error":"disk_full"}"#), .answer(429, ""),
        .answer(503, #"{"error":"timeout"}"#),
        .answer(400, #"{"error":"exceeds_disk_pool_size_limit"}"#), .answer(400, #"{"error":"data_root_not_found"}"#),
        .unreachable, .timeout, .answer(500, "oops"),
    ])
    func whatPassesIsWaitedFor(fault: NodeDouble.Fault) async throws {
        let node = NodeDouble("node", fixture.weave)
        let count = Mutex(0)
        node.fail { request in
            guard request.path == "/chunk", request.method != .get else { return nil }
            return count.withLock { count in
                count += 1; return count % 3 != 0 ? fault : nil
            }
        }
        let id = try await fixture.upload([node], concurrency: 1)
        #expect(fixture.weave.transactions.contains { $0.id == id })
        #expect(fixture.weave.chunkPostings == fixture.chunkCount)
    }

    @Test(arguments: ["invalid_proof", "chunk_too_big", "data_size_too_big"])
    func whatIsWrongIsSaidAtOnce(code: String) async throws {
        let node = NodeDouble("node", fixture.weave)
        node.fail { request in
            guard request.path == "/chunk", request.method != .get else { return nil }
            return .answer(400, #"{"error":"\#(code)"}"#)
        }
        await #expect {
            _ = try await fixture.upload([node], concurrency: 1)
        } throws: { error in
            "\(error)".contains(code)
        }
        #expect(node.asked.filter { $0 == "POST /chunk" }.count == 1)
    }

    @Test func aNodeThatKeepsNothingIsNotEnough() async throws {
        let (passing, keeping) = (
            NodeDouble("passing", fixture.weave, keepsChunks: false), NodeDouble("k", fixture.weave)
        )
        _ = try await fixture.upload([passing, keeping])
        #expect(keeping.asked.filter { $0 == "POST /chunk" }.count == fixture.chunkCount)
    }

    @Test func aTransactionThatPoolsForgotIsPostedAgain() async throws {
        let node = NodeDouble("node", fixture.weave)
        let weave = fixture.weave
        let isForgotten = Mutex(false)
        node.fail { request in
            guard request.path == "/chunk", request.method != .get else { return nil }
            if isForgotten.withLock({ known in
                defer { known = true }; return !known
            }) {
                weave.forgetPool()
            }
            return nil
        }
        let id = try await fixture.upload([node], concurrency: 1)
        #expect(weave.transactions.contains { $0.id == id })
        #expect(weave.transactions.count == 4)
    }

    @Test func aTransactionThatCameTooLateIsQuotedAnew() async throws {
        let node = NodeDouble("node", fixture.weave)
        var uploader: ArweaveUploader? = try fixture.uploader([node])
        guard case .unpaid(let quote) = try await uploader?.prepare(fixture.files()) else {
            return #expect(Bool(false))
        }
        let order = try #require(try await uploader?.order(quote.accept()))
        // Two are posted, then days pass.
        let weave = fixture.weave
        node.fail { request in
            guard case .post = request.method else { return nil }
            guard weave.transactions.count == 2 else { return nil }
            for _ in 0...Weave.anchorAge { weave.mine() }
            return nil
        }
        await #expect(throws: ArweaveUploadError.expired(names: ["weights/model.gguf"])) {
            try await uploader?.carryOut(order)
        }
        node.fail { _ in nil }
        uploader = nil
        let next = try fixture.uploader([node])
        guard case .unpaid(let rest) = try await next.prepare(fixture.files()) else { return #expect(Bool(false)) }
        // The path manifest names the file's new transaction.
        #expect(rest.items.map(\.name) == ["weights/model.gguf", "paths"])
        let renewed = try await next.order(rest.accept())
        try await next.carryOut(renewed)
        #expect(weave.transactions.count == 4)
        let folder = "\(fixture.folder.path)/fetched"
        try await ArweaveDownloader(nodes: fixture.nodes([node])).package(renewed.packageID, to: folder)
        #expect(fixture.isWhole(folder))
    }

    @Test func aPriceThatHasRisenIsAskedForAnew() async throws {
        let node = NodeDouble("node", fixture.weave)
        let uploader = try fixture.uploader([node])
        guard case .unpaid(let quote) = try await uploader.prepare(fixture.files()) else { return #expect(Bool(false)) }
        let order = try await uploader.order(quote.accept())
        fixture.weave.state.withLock { $0.rate = 4 }
        await #expect {
            try await uploader.carryOut(order)
        } throws: { error in
            "\(error)".contains("Transaction verification failed.")
        }
        // Still the same order, until somebody gives it up.
        guard case .ordered = try await uploader.prepare(fixture.files()) else { return #expect(Bool(false)) }
        #expect(try await uploader.giveUpUnposted(order).count == 4)
        guard case .unpaid(let next) = try await uploader.prepare(fixture.files()) else { return #expect(Bool(false)) }
        #expect(next.total > quote.total)
        try await uploader.carryOut(try await uploader.order(next.accept()))
        #expect(fixture.weave.transactions.count == 4)
    }

    @Test func chunksThatWereLostAreSentAgain() async throws {
        let node = NodeDouble("node", fixture.weave)
        let weave = fixture.weave
        let lost = Mutex(false)
        node.fail { request in
            if request.path.hasPrefix("/chunk/"),
                lost.withLock({ known in
                    defer { known = true }; return !known
                })
            {
                weave.state.withLock { $0.chunks = [:] }
            }
            return nil
        }
        let id = try await fixture.upload([node])
        node.fail { _ in nil }
        let folder = "\(fixture.folder.path)/fetched"
        try await ArweaveDownloader(nodes: fixture.nodes([node])).package(id, to: folder)
        #expect(fixture.isWhole(folder))
    }

    @Test func oneProcessWorksWithAJournal() async throws {
        let node = NodeDouble("node", fixture.weave)
        let first = try fixture.uploader([node])
        #expect(throws: ArweaveUploadError.journalInUse(path: fixture.journal)) { try fixture.uploader([node]) }
        withExtendedLifetime(first) {}
    }

    @Test func aPaidUploadIsNotForgottenForOtherFiles() async throws {
        let node = NodeDouble("node", fixture.weave)
        var uploader: ArweaveUploader? = try fixture.uploader([node])
        guard case .unpaid(let quote) = try await uploader?.prepare(fixture.files()) else {
            return #expect(Bool(false))
        }
        _ = try await uploader?.order(quote.accept())
        uploader = nil
        let other = UploadFile(name: "other", path: try fixture.folder.write("other", [1]))
        let next = try fixture.uploader([node])
        await #expect(throws: ArweaveUploadError.otherUpload(journal: fixture.journal)) {
            _ = try await next.prepare([other])
        }
    }

    @Test func aFileThatChangesOnTheWayIsNoticed() async throws {
        let node = NodeDouble("node", fixture.weave)
        let uploader = try fixture.uploader([node])
        let files = try fixture.files()
        guard case .unpaid(let quote) = try await uploader.prepare(files) else { return #expect(Bool(false)) }
        let order = try await uploader.order(quote.accept())
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: files[2].path))
        try file.seek(toOffset: 500_000)
        try file.write(contentsOf: [0, 1, 2, 3])
        try file.close()
        await #expect(throws: ArweaveUploadError.fileChanged(name: "weights/model.gguf")) {
            try await uploader.carryOut(order)
        }
    }

    @Test func unusableFilesAreRefused() async throws {
        let uploader = try fixture.uploader([NodeDouble("node", fixture.weave)])
        let empty = UploadFile(name: "empty", path: try fixture.folder.write("empty", []))
        await #expect(throws: ArweaveError.unusableSize(0)) { _ = try await uploader.prepare([empty]) }
        await #expect(throws: ArweaveUploadError.self) { _ = try await uploader.prepare([]) }
        let file = UploadFile(name: "../a", path: try fixture.folder.write("a", [1]))
        await #expect(throws: ArweaveError.self) { _ = try await uploader.prepare([file, try fixture.files()[0]]) }
    }
}

/// A generator that repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
