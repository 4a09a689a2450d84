import ContentAddressing
import Foundation
import HTTPTransport
import Synchronization

/// A package on disk and all of its blocks.
final class TestPackage: Sendable {
    let folder: String
    let content: [String: [UInt8]]
    let dag: ImportedDAG
    let blocks: [CID: Block]

    /// Leaves of 1,000 bytes, five links a node: small files make trees.
    static let profile = ImportProfile(name: "test", chunkBytes: 1_000, width: 5)

    static func bytes(_ count: Int, _ seed: Int) -> [UInt8] {
        var state = UInt64(seed + 1)
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
    }

    static let standard = [
        "manifest.json": Array("{}".utf8), "weights/model.gguf": bytes(60_500, 1), "weights/again": bytes(60_500, 1),
        "empty": [], "zeros": [UInt8](repeating: 0, count: 20_000),
    ]

    init(_ content: [String: [UInt8]] = standard, profile: ImportProfile = profile) async throws {
        folder = try Self.temporary()
        self.content = content
        for (name, bytes) in content {
            let url = URL(fileURLWithPath: folder + "/package/" + name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
        let dag = try await Importer(profile).add(folder + "/package")
        self.dag = dag
        var blocks: [CID: Block] = [:]
        for item in try dag.depthFirst() {
            switch item {
            case .node(let block): blocks[block.cid.asVersion1] = block
            case .leaf(let file, let index):
                let block = try dag.leafBlock(file: file, index: index)
                blocks[block.cid.asVersion1] = block
            }
        }
        self.blocks = blocks
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func temporary() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    var root: CID { dag.root.cid }
    var target: String { folder + "/fetched" }

    /// Whether what was fetched is the package and nothing else.
    func equals(_ path: String) throws -> Bool {
        var found: [String: [UInt8]] = [:]
        let all = FileManager.default.enumerator(atPath: path)
        while let name = all?.nextObject() as? String {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
            if !isFolder.boolValue {
                found[name] = Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
            }
        }
        return found == content
    }
}

/// A gateway over blocks in memory, which may misbehave.
final class TestGateway: Sendable {
    enum Manner: Sendable, CaseIterable {
        case honest, corrupts, shortens, cutsOff, stalls, floods, sendsHTML, sendsAnother, hangsUp, hasNot, isBusy,
            promisesMore
    }

    private struct State {
        var asked: [CID: Int] = [:]
        var fields: [String] = []
        var order: [CID] = []
    }

    private let state = Mutex(State())
    private let blocks: [CID: Block]
    private let manner: @Sendable (CID, Int) -> Manner

    /// - Parameter manner: by block, and by how many were asked for before.
    init(_ blocks: [CID: Block], _ manner: @escaping @Sendable (CID, Int) -> Manner = { _, _ in .honest }) {
        self.blocks = blocks
        self.manner = manner
    }

    var asked: [CID: Int] { state.withLock { $0.asked } }
    var order: [CID] { state.withLock { $0.order } }
    var authorizations: Set<String> { state.withLock { Set($0.fields) } }

    func start() async throws -> TestServer {
        try await TestServer.start { request in self.answer(request) }
    }

    private func answer(_ request: TestServer.Request) -> TestServer.Answer {
        guard request.path.hasPrefix("/ipfs/"), let cid = try? CID(String(request.path.dropFirst(6))),
            request.query("format") == "raw", let block = blocks[cid]
        else { return .whole(.notFound, Array("nothing".utf8)) }
        let before = state.withLock { state in
            state.asked[cid, default: 0] += 1
            state.order.append(cid)
            state.fields += request.head.headers["Authorization"]
            return state.order.count - 1
        }
        switch manner(cid, before) {
        case .honest: return .whole(.ok, block.bytes)
        case .corrupts:
            var bytes = block.bytes
            bytes[bytes.count / 2] ^= 1
            return .whole(.ok, bytes)
        case .shortens: return .whole(.ok, Array(block.bytes.dropLast()))
        case .cutsOff: return .cut(Array(block.bytes.prefix(block.bytes.count / 2)), promised: block.bytes.count)
        case .promisesMore: return .cut(block.bytes, promised: block.bytes.count + 1)
        case .stalls: return .silence
        case .floods: return .flood
        case .sendsHTML:
            return .whole(.ok, Array("<html>Please wait</html>".utf8), fields: [("Content-Type", "text/html")])
        case .sendsAnother: return .whole(.ok, blocks.first { $0.key != cid }?.value.bytes ?? [])
        case .hangsUp: return .hangUp
        case .hasNot: return .whole(.notFound, [])
        case .isBusy: return .whole(.tooManyRequests, [], fields: [("Retry-After", "0")])
        }
    }
}

/// Runs `body` with a client that is shut down afterwards.
func withClient<R>(_ body: (HTTP1Client) async throws -> R) async throws -> R {
    let client = HTTP1Client()
    let result: Result<R, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    await client.shutdown()
    return try result.get()
}
