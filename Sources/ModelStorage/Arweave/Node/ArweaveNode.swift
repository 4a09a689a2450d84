public import Arweave
import Canonical

/// One Arweave node's HTTP interface: each answer read strictly, each documented error told apart.
///
/// All calls throw ``ArweaveFailure`` and `CancellationError`.
public struct ArweaveNode: Sendable {
    /// How long requests may take and how much may come back.
    public struct Limits: Hashable, Sendable {
        /// For requests of a few bytes.
        public var deadline: Duration = .seconds(30)
        /// For a chunk, there or back.
        public var chunkDeadline: Duration = .seconds(120)

        /// The numbers above.
        public init() {}
    }

    /// What becomes of a transaction that was posted.
    public enum Posting: Hashable, Sendable {
        /// It is in the node's pool now.
        case accepted
        /// The node had it already.
        case known
    }

    /// What becomes of a chunk that was posted.
    public enum Storing: Hashable, Sendable {
        /// The node keeps it.
        case kept
        /// The node passes it on and drops it: it does not store that part of the weave.
        case passedOn
    }

    /// How far a transaction is.
    public enum Status: Hashable, Comparable, Sendable {
        /// The node has not heard of it.
        case unknown
        /// It waits for a block.
        case pending
        /// It is in a block, on which so many were built, itself included.
        case confirmed(confirmations: Int)
    }

    private static let smallAnswer = 16 << 10
    /// Owner, signature, tags and a little data.
    private static let transactionAnswer = 512 << 10
    /// A chunk in base64url with both of its proofs.
    private static let chunkAnswer = 1 << 20

    private let link: any NodeLink
    private let limits: Limits

    /// The node behind a link.
    public init(_ link: any NodeLink, limits: Limits = Limits()) {
        self.link = link
        self.limits = limits
    }

    /// What people know the node by.
    public var name: String { link.name }

    /// A recent block's hash, to anchor a transaction with.
    public func anchor() async throws -> [UInt8] {
        let exchange = try await get("/tx_anchor").requireOK()
        guard let bytes = Base64URL.decode(exchange.trimmedBody), (32...64).contains(bytes.count) else {
            throw exchange.untrue("the anchor is not a block's hash")
        }
        return bytes
    }

    /// What storing so many bytes costs now.
    public func price(bytes: Int) async throws -> Winston {
        let exchange = try await get("/price/\(bytes)").requireOK()
        guard let price = Winston(String(decoding: exchange.trimmedBody, as: UTF8.self)) else {
            throw exchange.untrue("the price is not a whole number")
        }
        return price
    }

    /// Posts a transaction without its data.
    public func post(_ transaction: Transaction) async throws -> Posting {
        let exchange = try await send(.post(transaction.json()), "/tx", limits.deadline, Self.smallAnswer)
        switch exchange.response.status {
        case 200: return .accepted
        case 208: return .known
        case 400 where exchange.words.contains("already in the mempool"): return .known
        case 400 where exchange.words.contains("Invalid anchor"): throw exchange.failure(.expiredAnchor)
        default: throw exchange.refusal()
        }
    }

    /// Posts a chunk with its proof.
    public func post(_ chunk: ChunkUpload) async throws -> Storing {
        let exchange = try await send(.post(chunk.json()), "/chunk", limits.chunkDeadline, Self.smallAnswer)
        switch exchange.response.status {
        case 200: return .kept
        case 303: return .passedOn
        case 400 where exchange.errorCode == "data_root_not_found": throw exchange.failure(.unknownDataRoot)
        case 400 where exchange.errorCode == "exceeds_disk_pool_size_limit" || exchange.errorCode == "disk_full":
            throw exchange.failure(.busy(status: 400, text: exchange.words))
        default: throw exchange.refusal()
        }
    }

    /// How far a transaction is.
    public func status(of id: TransactionID) async throws -> Status {
        let exchange = try await get("/tx/\(id)/status")
        switch exchange.response.status {
        case 202: return .pending
        case 404: return .unknown
        default: break
        }
        let form = try exchange.requireOK().decode(StatusJSON.self)
        guard form.number_of_confirmations >= 0 else { throw exchange.untrue("a negative number of confirmations") }
        return .confirmed(confirmations: form.number_of_confirmations)
    }

    /// Where a transaction's data lies in the weave, as the node says.
    public func place(of id: TransactionID) async throws -> DataPlace {
        let exchange = try await get("/tx/\(id)/offset").requireOK()
        let form = try exchange.decode(PlaceJSON.self)
        guard let place = DataPlace(end: form.offset, size: form.size) else {
            throw exchange.untrue("the transaction's place in the weave is not one")
        }
        return place
    }

    /// The chunk that holds a byte of the weave, unverified.
    public func chunk(at offset: Int) async throws -> StoredChunk {
        let exchange = try await send(.get, "/chunk/\(offset)", limits.chunkDeadline, Self.chunkAnswer).requireOK()
        let form = try exchange.decode(ChunkJSON.self)
        return StoredChunk(bytes: form.chunk.bytes, path: form.data_path.bytes)
    }

    /// A transaction, which its owner has verifiably signed.
    public func transaction(_ id: TransactionID) async throws -> Transaction {
        let exchange = try await send(.get, "/tx/\(id)", limits.deadline, Self.transactionAnswer)
        if exchange.response.status == 202 { throw exchange.failure(.pending) }
        let body = try exchange.requireOK().response.body
        do throws(ArweaveError) {
            let transaction = try Transaction(json: body)
            try transaction.verify(as: id)
            return transaction
        } catch {
            throw exchange.untrue("\(error)")
        }
    }

    /// A part of a transaction's data as a gateway serves it, unverified. `size` is the whole data's.
    public func data(of id: TransactionID, _ range: Range<Int>, size: Int) async throws -> [UInt8] {
        let request = NodeRequest(
            method: .get, path: "/\(id)", range: range, deadline: limits.chunkDeadline,
            responseLimit: max(range.count, Self.smallAnswer))
        let exchange = try await send(request, tooLarge: .noRanges)
        let isWhole = range == 0..<size && exchange.response.status == 200
        if exchange.response.status == 200, !isWhole { throw exchange.failure(.noRanges) }
        if exchange.response.status == 202 { throw exchange.failure(.pending) }
        guard isWhole || exchange.response.status == 206 else { throw try exchange.requireOK().untrue("no data") }
        guard exchange.response.body.count == range.count else {
            throw exchange.untrue("\(exchange.response.body.count) bytes instead of \(range.count)")
        }
        return exchange.response.body
    }

    /// Says that an answer of this node turned out to be untrue.
    func untrue(_ request: String, _ reason: String) -> ArweaveFailure {
        ArweaveFailure(node: name, request: request, reason: .untrue(reason))
    }

    private func get(_ path: String) async throws -> NodeExchange {
        try await send(.get, path, limits.deadline, Self.smallAnswer)
    }

    private func send(
        _ method: NodeRequest.Method, _ path: String, _ deadline: Duration, _ limit: Int
    ) async throws -> NodeExchange {
        try await send(
            NodeRequest(method: method, path: path, deadline: deadline, responseLimit: limit),
            tooLarge: .untrue("the answer has more than \(limit) bytes"))
    }

    private func send(_ request: NodeRequest, tooLarge: ArweaveFailure.Reason) async throws -> NodeExchange {
        func failure(_ reason: ArweaveFailure.Reason) -> ArweaveFailure {
            ArweaveFailure(node: name, request: request.summary, reason: reason)
        }
        do {
            let response = try await link.send(request)
            guard response.body.count <= request.responseLimit else { throw failure(tooLarge) }
            return NodeExchange(node: name, request: request.summary, response: response)
        } catch NodeLinkError.unreachable(let reason) {
            throw failure(.unreachable(reason))
        } catch NodeLinkError.timedOut {
            throw failure(.timedOut)
        } catch NodeLinkError.tooLarge {
            throw failure(tooLarge)
        }
    }
}

private struct StatusJSON: Decodable {
    let number_of_confirmations: Int
}

private struct PlaceJSON: Decodable {
    let size: String
    let offset: String
}

private struct ChunkJSON: Decodable {
    let chunk: Base64URLBytes
    let data_path: Base64URLBytes
}
