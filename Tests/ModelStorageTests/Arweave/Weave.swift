import Arweave
import Canonical
import Cryptography
import ModelStorage
import Synchronization

/// What all Arweave nodes of a test agree on: blocks, and the bytes that are stored.
final class Weave: Sendable {
    struct Stored {
        let transaction: Transaction
        let height: Int
        /// The data's first byte; the weave's first byte is 1.
        let start: Int
    }

    struct Chunk {
        let range: Range<Int>
        let bytes: [UInt8]
        let path: [UInt8]
    }

    struct State {
        var anchors: [[UInt8]] = [SystemRandom.bytes(count: 48)]
        var pool: [TransactionID: Transaction] = [:]
        var mined: [TransactionID: Stored] = [:]
        var end = 1_000_000
        var chunks: [DataRoot: [Chunk]] = [:]
        /// What gateways have.
        var data: [TransactionID: [UInt8]] = [:]
        /// Winston for a byte.
        var rate: UInt64 = 3
        var postings: [TransactionID: Int] = [:]
        var chunkPostings = 0
    }

    static let anchorAge = 50
    let state = Mutex(State())

    /// A block with all that waits.
    func mine() {
        state.withLock { state in
            state.anchors.append(SystemRandom.bytes(count: 48))
            for (id, transaction) in state.pool {
                state.mined[id] = Stored(
                    transaction: transaction, height: state.anchors.count, start: state.end + 1)
                state.end += transaction.body.dataSize
            }
            state.pool = [:]
        }
    }

    /// Puts a transaction and its chunks there, however they came to be.
    func store(_ transaction: Transaction, _ chunks: [Chunk]) {
        state.withLock { state in
            state.pool[transaction.id] = transaction
            state.chunks[transaction.body.dataRoot!] = chunks
        }
        mine()
    }

    /// The transactions that the network has taken.
    var transactions: [Transaction] {
        state.withLock { $0.mined.values.map(\.transaction) + $0.pool.values }
    }

    var chunkPostings: Int { state.withLock { $0.chunkPostings } }

    /// Drops what waits for a block.
    func forgetPool() { state.withLock { $0.pool = [:] } }
}

/// An Arweave node as its interface is documented, with faults on demand.
final class NodeDouble: NodeLink {
    enum Fault {
        case unreachable
        case timeout
        case answer(Int, String)
        /// Another byte in the middle of what would have been said.
        case corrupted
        case truncated
    }

    let name: String
    let weave: Weave
    /// Whether it keeps chunks, or passes them on.
    let keepsChunks: Bool
    private let fault: Mutex<@Sendable (NodeRequest) async throws -> Fault?>
    private let requests = Mutex<[String]>([])

    init(_ name: String = "node", _ weave: Weave, keepsChunks: Bool = true) {
        self.name = name
        self.weave = weave
        self.keepsChunks = keepsChunks
        fault = Mutex { _ in nil }
    }

    /// Decides what goes wrong, from now on.
    func fail(_ fault: @escaping @Sendable (NodeRequest) async throws -> Fault?) {
        self.fault.withLock { $0 = fault }
    }

    /// What was asked, such as `POST /tx`.
    var asked: [String] { requests.withLock { $0 } }

    func send(_ request: NodeRequest) async throws -> NodeResponse {
        requests.withLock { $0.append(request.summary) }
        let fault = fault.withLock { $0 }
        switch try await fault(request) {
        case nil: return respond(to: request)
        case .unreachable: throw NodeLinkError.unreachable("connection refused")
        case .timeout: throw NodeLinkError.timedOut
        case .answer(let status, let text): return NodeResponse(status: status, body: Array(text.utf8))
        case .corrupted:
            var response = respond(to: request)
            var body = response.body
            // Stays within base64url.
            let place = body.count / 2
            body[place] = body[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            response = NodeResponse(status: response.status, body: body)
            return response
        case .truncated:
            let response = respond(to: request)
            return NodeResponse(status: response.status, body: Array(response.body.dropLast(response.body.count / 2)))
        }
    }

    // MARK: The interface

    private func respond(to request: NodeRequest) -> NodeResponse {
        let parts = request.path.split(separator: "/").map(String.init)
        switch (request.method, parts.first, parts.count) {
        case (.post(let body), "tx", 1): return post(transaction: body)
        case (.post(let body), "chunk", 1): return post(chunk: body)
        case (.get, "tx_anchor", 1):
            return text(200, Base64URL.encode(weave.state.withLock { $0.anchors.last! }))
        case (.get, "price", 2):
            guard let bytes = UInt64(parts[1]) else { return text(400, "size_must_be_an_integer") }
            return text(200, String(weave.state.withLock { $0.rate } * bytes))
        case (.get, "chunk", 2): return chunk(at: Int(parts[1]) ?? 0)
        case (.get, "tx", 2...3):
            guard let id = TransactionID(parts[1]) else { return text(400, "Invalid hash.") }
            return transaction(id, parts.count == 3 ? parts[2] : nil)
        case (.get, let name?, 1):
            return TransactionID(name).map { data($0, request.range) } ?? text(404, "Not Found.")
        default: return text(404, "Not Found.")
        }
    }

    private func text(_ status: Int, _ text: String) -> NodeResponse {
        NodeResponse(status: status, body: Array(text.utf8))
    }

    private func error(_ code: String) -> NodeResponse { text(400, #"{"error":"\#(code)"}"#) }

    private func post(transaction body: [UInt8]) -> NodeResponse {
        guard body.count <= 15 << 20 else { return text(413, "Payload too large") }
        guard let transaction = try? Transaction(json: body) else { return text(400, "Invalid JSON.") }
        guard (try? transaction.verify(as: transaction.id)) != nil else {
            return text(400, "Transaction verification failed.")
        }
        return weave.state.withLock { state in
            let price = Winston(state.rate * UInt64(transaction.body.dataSize))
            if state.pool[transaction.id] != nil { return text(400, "Transaction is already in the mempool.") }
            if state.mined[transaction.id] != nil { return text(208, "Transaction already processed.") }
            guard transaction.body.reward >= price else { return text(400, "Transaction verification failed.") }
            guard state.anchors.suffix(Weave.anchorAge).contains(transaction.body.anchor) else {
                return text(400, "Invalid anchor (last_tx).")
            }
            state.pool[transaction.id] = transaction
            state.postings[transaction.id, default: 0] += 1
            return text(200, "OK")
        }
    }

    private func post(chunk body: [UInt8]) -> NodeResponse {
        guard let form = try? CanonicalJSON.decode(ChunkForm.self, from: body), let size = Int(form.data_size),
            let offset = Int(form.offset)
        else { return error("invalid_json") }
        guard form.chunk.bytes.count <= ChunkPlan.largestChunk else { return error("chunk_too_big") }
        guard form.data_path.bytes.count <= 262_144 else { return error("data_path_too_big") }
        return weave.state.withLock { state in
            let known =
                state.pool.values.contains { $0.body.dataRoot == form.data_root }
                || state.mined.values.contains { $0.transaction.body.dataRoot == form.data_root }
            guard known else { return error("data_root_not_found") }
            guard
                let proven = ProvenChunk(
                    path: form.data_path.bytes, root: form.data_root, size: size, offset: offset),
                proven.matches(form.chunk.bytes)
            else { return error("invalid_proof") }
            guard proven.range.upperBound == size || form.chunk.bytes.count >= form.data_path.bytes.count else {
                return error("chunk_proof_ratio_not_attractive")
            }
            state.chunkPostings += 1
            let chunk = Weave.Chunk(range: proven.range, bytes: form.chunk.bytes, path: form.data_path.bytes)
            state.chunks[form.data_root, default: []].removeAll { $0.range == chunk.range }
            state.chunks[form.data_root, default: []].append(chunk)
            return keepsChunks ? text(200, "OK") : text(303, "")
        }
    }

    private func transaction(_ id: TransactionID, _ what: String?) -> NodeResponse {
        let (waiting, stored, height) = weave.state.withLock {
            ($0.pool[id], $0.mined[id], $0.anchors.count)
        }
        guard let stored else { return waiting == nil ? text(404, "Not Found.") : text(202, "Pending") }
        switch what {
        case nil: return NodeResponse(status: 200, body: stored.transaction.json())
        case "status":
            let confirmations = height - stored.height + 1
            return text(
                200,
                #"{"block_height":\#(stored.height),"block_indep_hash":"AA","number_of_confirmations":\#(confirmations)}"#
            )
        case "offset":
            let size = stored.transaction.body.dataSize
            return text(200, #"{"size":"\#(size)","offset":"\#(stored.start + size - 1)"}"#)
        default: return text(404, "Not Found.")
        }
    }

    /// The data as a gateway serves it.
    private func data(_ id: TransactionID, _ range: Range<Int>?) -> NodeResponse {
        guard let bytes = weave.state.withLock({ $0.data[id] }) else { return text(404, "Not Found.") }
        guard let range else { return NodeResponse(status: 200, body: bytes) }
        return NodeResponse(status: 206, body: Array(bytes[range]))
    }

    private func chunk(at offset: Int) -> NodeResponse {
        let chunk = weave.state.withLock { state -> Weave.Chunk? in
            let stored = state.mined.values.first {
                ($0.start..<$0.start + $0.transaction.body.dataSize).contains(offset)
            }
            guard let stored, let root = stored.transaction.body.dataRoot else { return nil }
            return state.chunks[root]?.first { $0.range.contains(offset - stored.start) }
        }
        guard let chunk else { return text(404, #"{"error":"chunk_not_found"}"#) }
        return text(
            200,
            #"{"chunk":"\#(Base64URL.encode(chunk.bytes))","data_path":"\#(Base64URL.encode(chunk.path))","#
                + #""tx_path":"","packing":"unpacked"}"#)
    }
}

private struct ChunkForm: Decodable {
    let data_root: DataRoot
    let data_size: String
    let data_path: Base64URLBytes
    let offset: String
    let chunk: Base64URLBytes
}
