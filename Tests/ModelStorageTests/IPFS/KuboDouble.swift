import ContentAddressing
import Foundation
import NIOHTTP1
import Synchronization

/// Kubo's RPC over blocks in memory, and a gateway in front of them. Blocks of an archive are stored as they come.
final class KuboDouble: Sendable {
    struct Fault: Sendable {
        enum Kind: Sendable {
            /// The connection ends after so many bytes of an archive.
            case drop(after: Int)
            case status(Int, String)
            /// Nothing is stored, and the answer says so in its trailers.
            case streamError(String)
            case loses(CID)
            case counts(Int)
        }
        let path: String
        let kind: Kind
        var times = 1
    }

    private struct State {
        var blocks: [CID: Block] = [:]
        var pins: Set<CID> = []
        var faults: [Fault] = []
        var received = 0
        var calls: [String] = []
        var authorizations: Set<String> = []
    }

    private let state = Mutex(State())

    var blocks: [CID: Block] { state.withLock { $0.blocks } }
    var pins: Set<CID> { state.withLock { $0.pins } }
    /// Bytes of blocks that came in archives, twice if they came twice.
    var received: Int { state.withLock { $0.received } }
    var calls: [String] { state.withLock { $0.calls } }
    var authorizations: Set<String> { state.withLock { $0.authorizations } }

    func add(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }
    func remove(_ cids: some Sequence<CID>) { state.withLock { state in cids.forEach { state.blocks[$0] = nil } } }

    func start() async throws -> TestServer {
        try await TestServer.start { head, body in
            self.watch(head, body)
        } _: { request in
            self.answer(request)
        }
    }

    /// Takes the first fault of this path that `applies`.
    private func fault(_ path: String, _ applies: (Fault.Kind) -> Bool) -> Fault.Kind? {
        state.withLock { state in
            guard let index = state.faults.firstIndex(where: { path.hasPrefix($0.path) && applies($0.kind) }) else {
                return nil
            }
            state.faults[index].times -= 1
            return state.faults[index].times > 0 ? state.faults[index].kind : state.faults.remove(at: index).kind
        }
    }

    private func watch(_ head: HTTPRequestHead, _ body: [UInt8]) -> Bool {
        let drops = fault(head.uri) { kind in
            if case .drop(let after) = kind { body.count >= after } else { false }
        }
        guard drops != nil else { return false }
        _ = store(body, losing: nil)
        return true
    }

    private func store(_ body: [UInt8], losing lost: CID?) -> Int {
        let text = Array("\r\n\r\n".utf8)
        guard let start = body.indices.first(where: { body[$0...].starts(with: text) }) else { return 0 }
        var reader = CARReader()
        reader.receive(body[(start + 4)...])
        var count = 0
        // What follows the last section, the multipart's end, is not one.
        while let block = try? reader.next() {
            count += 1
            state.withLock { state in
                state.received += block.bytes.count
                if block.cid != lost { state.blocks[block.cid] = block }
            }
        }
        return count
    }

    private func answer(_ request: TestServer.Request) -> TestServer.Answer {
        state.withLock { state in
            state.calls.append(request.path)
            state.authorizations.formUnion(request.head.headers["Authorization"])
        }
        if request.path.hasPrefix("/ipfs/") {
            let block = (try? CID(String(request.path.dropFirst(6)))).flatMap { blocks[$0] }
            return block.map { .whole(.ok, $0.bytes) } ?? .whole(.notFound, [])
        }
        guard request.head.method == .POST else { return .whole(.methodNotAllowed, []) }
        let kind = fault(request.path) { if case .drop = $0 { false } else { true } }
        if case .status(let status, let message) = kind { return error(message, status) }
        let cid = request.query("arg").flatMap { try? CID($0) }
        switch request.path {
        case "/api/v0/dag/import": return importArchive(request, kind)
        case "/api/v0/block/stat":
            guard request.query("offline") == "true" else { return .silence }
            guard let cid, let block = blocks[cid] else {
                return error("block was not found locally (offline): ipld: could not find \(cid.map { "\($0)" } ?? "")")
            }
            return json("{\"Key\":\"\(cid)\",\"Size\":\(block.bytes.count)}")
        case "/api/v0/pin/add":
            guard let cid, isWhole(cid) else { return error("context deadline exceeded") }
            state.withLock { _ = $0.pins.insert(cid) }
            return json("{\"Pins\":[\"\(cid)\"]}")
        case "/api/v0/pin/ls":
            guard let cid, pins.contains(cid) else { return error("path is not pinned") }
            return json("{\"Keys\":{\"\(cid)\":{\"Type\":\"recursive\",\"Name\":\"\"}}}")
        default: return .whole(.notFound, [])
        }
    }

    private func importArchive(_ request: TestServer.Request, _ fault: Fault.Kind?) -> TestServer.Answer {
        guard request.query("pin-roots") == "false" else { return error("pins nothing here") }
        var lost: CID?
        if case .loses(let cid) = fault { lost = cid }
        if case .streamError(let message) = fault {
            return .whole(.ok, [], trailers: [("X-Stream-Error", message)])
        }
        let count = store(request.body, losing: lost)
        var said = count
        if case .counts(let other) = fault { said = other }
        return json("{\"Stats\":{\"BlockCount\":\(said),\"BlockBytesCount\":1}}\n")
    }

    private func isWhole(_ root: CID) -> Bool {
        let blocks = blocks
        var waiting = [root]
        while let cid = waiting.popLast() {
            guard let block = blocks[cid] else { return false }
            if cid.codec == .dagPB { waiting += (try? DAGNode(decoding: block.bytes))?.links.map(\.cid) ?? [] }
        }
        return true
    }

    private func json(_ text: String) -> TestServer.Answer { .whole(.ok, Array(text.utf8)) }

    private func error(_ message: String, _ status: Int = 500) -> TestServer.Answer {
        .whole(.init(statusCode: status), Array("{\"Message\":\"\(message)\",\"Code\":0,\"Type\":\"error\"}".utf8))
    }
}
