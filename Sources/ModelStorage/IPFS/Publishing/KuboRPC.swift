import ContentAddressing
import Foundation
public import HTTPTransport
import HTTPTypes
import NIOCore

/// The calls of Kubo's RPC that publishing needs. All are POST; an error is a 500 with a message, or, after a 200 was
/// begun, a trailer. Each may be repeated.
public struct KuboRPC: Sendable {
    /// A failed call that might have succeeded another time.
    struct Broken: Error { let reason: String }
    /// A failed call, by the node's own words.
    struct Refusal: Error {
        let status: Int
        let message: String

        /// Whether the node has looked, and has it not.
        var saysNotFound: Bool {
            status == 500 && (message.contains("not found") || message.contains("could not find"))
        }

        /// Whether the same call could have another answer.
        var isPassing: Bool { status == 429 || status >= 500 && status != 501 && status != 505 }
    }

    private struct ErrorBody: Decodable { let Message: String }
    private static let answerLimit = 1 << 20

    let client: HTTP1Client
    let endpoint: StorageEndpoint
    /// A short call's answer.
    var deadline: Duration = .seconds(30)
    /// How long a node may think about an archive it has received.
    var importStall: Duration = .seconds(120)

    /// The RPC at an endpoint: `http://127.0.0.1:5001`, or a hosted one with its fields.
    public init(client: HTTP1Client, endpoint: StorageEndpoint) {
        self.client = client
        self.endpoint = endpoint
    }

    private func path(_ command: String, _ query: [String]) -> String {
        endpoint.prefix + "/api/v0/" + command + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    private func call(_ command: String, _ query: [String], deadline: Duration? = nil) async throws -> [UInt8] {
        do {
            let answer = try await client.send(
                .post, path(command, query), to: endpoint.origin, fields: endpoint.fields,
                deadline: deadline ?? self.deadline, responseLimit: Self.answerLimit, repeats: true)
            guard answer.status == .ok else { throw Self.refusal(answer.status.code, answer.body) }
            return Array(answer.body.readableBytesView)
        } catch let error as HTTPTransportError {
            throw Broken(reason: error.description)
        }
    }

    private static func refusal(_ status: Int, _ body: ByteBuffer) -> Refusal {
        let bytes = Data(body.readableBytesView.prefix(4096))
        let message = (try? JSONDecoder().decode(ErrorBody.self, from: bytes))?.Message
        let text = message ?? String(decoding: bytes.prefix(200), as: UTF8.self)
        return Refusal(status: status, message: "\(status) \(text.filter { $0 >= " " })")
    }

    /// Bytes of a block that the node has itself; nil when it has not. Nothing is searched for in the network.
    func localSize(of cid: CID) async throws -> Int? {
        struct Answer: Decodable { let Size: Int }
        do {
            let answer = try await call("block/stat", ["arg=\(cid)", "offline=true"])
            return try Self.decode(Answer.self, answer).Size
        } catch let refusal as Refusal where refusal.saysNotFound {
            return nil
        }
    }

    /// Pins a DAG; the node reads all of it. Fails when a block is missing, or does not come in time.
    func pin(_ root: CID, timeout: Int) async throws {
        _ = try await call("pin/add", ["arg=\(root)", "timeout=\(timeout)s"], deadline: .seconds(timeout + 15))
    }

    /// Whether a DAG is pinned as a whole.
    func isPinned(_ root: CID) async throws -> Bool {
        do {
            let answer = try await call("pin/ls", ["arg=\(root)", "type=recursive"])
            struct Answer: Decodable {
                struct Kind: Decodable { let `Type`: String }
                let Keys: [String: Kind]
            }
            return try Self.decode(Answer.self, answer).Keys[root.description]?.Type == "recursive"
        } catch let refusal as Refusal where refusal.message.contains("not pinned") {
            return false
        }
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw Refusal(status: 200, message: "an answer that is not Kubo's")
        }
    }

    // MARK: Archives

    private static let boundary = "----dna-car-8f2b6d1c"
    private static let partHead = ByteBuffer(
        string: "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blocks.car\"\r\n"
            + "Content-Type: application/vnd.ipld.car\r\n\r\n")
    private static let partEnd = ByteBuffer(string: "\r\n--\(boundary)--\r\n")

    private struct ImportLine: Decodable {
        struct Stats: Decodable { let BlockCount: Int }
        struct Root: Decodable { let PinErrorMsg: String? }
        let Stats: Stats?
        let Root: Root?
    }

    /// Sends an archive whose bytes `produce` writes, and waits until the node has stored its blocks. Nothing is pinned.
    ///
    /// - Parameters:
    ///   - length: the archive's bytes.
    ///   - blocks: how many blocks the node must say it has stored.
    func importArchive(
        length: Int, blocks: Int, _ produce: (_ write: (ByteBuffer) async throws -> Void) async throws -> Void
    ) async throws {
        var fields = endpoint.fields
        fields[.contentType] = "multipart/form-data; boundary=\(Self.boundary)"
        let total = Self.partHead.readableBytes + length + Self.partEnd.readableBytes
        do {
            try await client.withExchange(
                .post, path("dag/import", ["pin-roots=false", "stats=true"]), to: endpoint.origin, fields: fields,
                length: total, stall: importStall, onNewConnection: true
            ) { exchange in
                do {
                    try await exchange.write(Self.partHead)
                    try await produce { try await exchange.write($0) }
                    try await exchange.write(Self.partEnd)
                    try await exchange.finish()
                } catch let error as HTTPTransportError {
                    // The answer to a request that was not wanted as a whole says why.
                    guard let head = try? await exchange.response(), head.status != .ok else { throw error }
                }
                try await Self.checkImport(exchange, blocks: blocks)
            }
        } catch let error as HTTPTransportError {
            throw Broken(reason: error.description)
        }
    }

    private static func checkImport(_ exchange: HTTP1Exchange, blocks: Int) async throws {
        let head = try await exchange.response()
        let body = try await exchange.collect(upTo: answerLimit)
        guard head.status == .ok else { throw refusal(head.status.code, body) }
        let name = HTTPField.Name("X-Stream-Error")
        if let name, let message = try await exchange.trailers()?[name] {
            throw Broken(reason: message)
        }
        var stored: Int?
        for line in body.readableBytesView.split(separator: UInt8(ascii: "\n")) {
            let line = try decode(ImportLine.self, Array(line))
            if let count = line.Stats?.BlockCount { stored = count }
        }
        guard stored == blocks else {
            throw Broken(reason: "\(stored.map(String.init) ?? "no") blocks stored of \(blocks)")
        }
    }
}
