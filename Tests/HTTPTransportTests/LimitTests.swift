import HTTPTransport
import HTTPTypes
import NIOCore
import NIOPosix
import Testing

/// Limits that bound what all connections together may ask of a server, over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4)
    /// HPACK: POST, http, / from the static table, `:authority: x` literal.
    private static let post: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x78]
    private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x01, 0x78]

    private static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    /// Types and payloads of the frames in what a server said.
    private func frames(_ heard: ByteBuffer) -> [(type: UInt8, payload: [UInt8])] {
        var bytes = Array(heard.readableBytesView)[...]
        var frames: [(UInt8, [UInt8])] = []
        while bytes.count >= 9 {
            let base = bytes.startIndex
            let count = Int(bytes[base]) << 16 | Int(bytes[base + 1]) << 8 | Int(bytes[base + 2])
            frames.append((bytes[base + 3], Array(bytes.dropFirst(9).prefix(count))))
            bytes = bytes.dropFirst(9 + count)
        }
        return frames
    }

    /// Kinds of flood: what to repeat, how often.
    static let floods: [(name: String, frame: @Sendable (Int) -> [UInt8], count: Int)] = [
        ("SETTINGS", { _ in frame(type: 4) }, 600),
        ("PING", { _ in frame(type: 6, [0, 0, 0, 0, 0, 0, 0, 1]) }, 600),
        ("PRIORITY", { _ in frame(type: 2, stream: 7, [0, 0, 0, 0, 1]) }, 600),
        ("WINDOW_UPDATE", { _ in frame(type: 8, [0, 0, 0, 1]) }, 1_200),
        ("empty DATA", { $0 == 0 ? frame(type: 1, flags: 4, stream: 1, post) : frame(type: 0, stream: 1) }, 600),
        ("CONTINUATION", { $0 == 0 ? frame(type: 1, stream: 1, get) : frame(type: 9, stream: 1, [0x84]) }, 50),
        (
            "RST_STREAM",
            { index in
                let number = UInt32(1 + 2 * index)
                let id = withUnsafeBytes(of: number.bigEndian) { Array($0) }
                return [0, 0, 6, 1, 5] + id + get + [0, 0, 4, 3, 0] + id + [0, 0, 0, 8]
            }, 400
        ),
    ]

    @Test(arguments: floods.map(\.name)) func floodsEndWithEnhanceYourCalm(name: String) async throws {
        let flood = try #require(Self.floods.first { $0.name == name })
        try await withServer { _, response in
            try await response.send(.ok)
        } _: { server, client, origin in
            let bytes = (0..<flood.count).flatMap(flood.frame)
            let heard = try await exchangeRaw(Self.preface + bytes, port: server.port)
            let goAway = try #require(frames(heard).last { $0.type == 7 })
            #expect(goAway.payload[7] == 0xb)
            try await expect(.ok, client.send(.get, "/", to: origin))
        }
    }

    @Test func aConnectionWithoutARequestIsClosed() async throws {
        var options = HTTPServerOptions()
        options.firstRequestTimeout = .milliseconds(50)
        try await withServer(options) { _, response in
            try await response.send(.ok)
        } _: { server, _, _ in
            // Half a HEADERS frame.
            let heard = try await exchangeRaw(Self.preface + [0, 0, 9, 1, 5, 0, 0, 0, 1, 0x82], port: server.port)
            #expect(frames(heard).contains { $0.type == 7 })
        }
    }

    @Test func oneAddressHasOnlySoManyConnections() async throws {
        var options = HTTPServerOptions()
        options.connectionsPerAddress = 1
        try await withServer(options) { _, response in
            try await response.send(.ok)
        } _: { server, client, origin in
            try await expect(.ok, client.send(.get, "/", to: origin))
            let heard = try await exchangeRaw(Self.preface, port: server.port)
            #expect(heard.readableBytes == 0)
            try await expect(.ok, client.send(.get, "/", to: origin))
        }
    }

    @Test func aServerHasOnlySoManyConnections() async throws {
        var options = HTTPServerOptions()
        options.connections = 1
        try await withServer(options) { _, response in
            try await response.send(.ok)
        } _: { server, client, origin in
            try await expect(.ok, client.send(.get, "/", to: origin))
            #expect(try await exchangeRaw(Self.preface, port: server.port).readableBytes == 0)
        }
    }

    @Test func oneMoreOpenRequestIsAnswered503() async throws {
        var options = HTTPServerOptions()
        options.openRequests = 1
        let started = Signal()
        let release = Signal()
        try await withServer(options) { _, response in
            await started.set()
            await release.wait()
            try await response.send(.ok)
        } _: { _, client, origin in
            async let first = client.send(.get, "/", to: origin)
            await started.wait()
            try await expect(.serviceUnavailable, client.send(.get, "/", to: origin))
            await release.set()
            try await expect(.ok, first)
            try await expect(.ok, client.send(.get, "/", to: origin))
        }
    }

    @Test func bodiesTogetherHaveTheirMemory() async throws {
        var options = HTTPServerOptions()
        options.bodyMemory = 1 << 20
        try await withServer(options) { request, response in
            _ = try await request.body.collect(upTo: .max)
            try await response.send(.ok)
        } _: { _, client, origin in
            // One address has half of it.
            let tooMuch = ByteBuffer(repeating: 0, count: 600 << 10)
            try await expect(.serviceUnavailable, client.send(.post, "/", to: origin, body: tooMuch))
            // What was held is given back.
            for _ in 0..<8 {
                let fits = ByteBuffer(repeating: 0, count: 400 << 10)
                try await expect(.ok, client.send(.post, "/", to: origin, body: fits))
            }
        }
    }

    @Test func responsesThatNobodyTakesHaveTheirMemory() async throws {
        var options = HTTPServerOptions()
        options.bodyMemory = 1 << 20
        try await withServer(options) { _, response in
            try await response.send(.ok, String(repeating: "a", count: 600 << 10))
        } _: { _, client, origin in
            try await expect(.serviceUnavailable, client.send(.get, "/", to: origin))
        }
    }

    @Test func aBodyThatTricklesIsAnswered408() async throws {
        var options = HTTPServerOptions()
        options.bodyGrace = .milliseconds(50)
        try await withServer(options) { request, response in
            _ = try await request.body.collect(upTo: .max)
            try await response.send(.ok)
        } _: { server, _, _ in
            let head = Self.frame(type: 1, flags: 4, stream: 1, Self.post)
            // The early answer's grace ends in RST_STREAM; GOAWAY makes the server close when that is done.
            let heard = try await exchangeRaw(
                Self.preface + head + Self.frame(type: 0, stream: 1, [1])
                    + Self.frame(type: 7, [UInt8](repeating: 0, count: 8)),
                port: server.port)
            let answer = try #require(frames(heard).first { $0.type == 1 })
            // `:status` by the static table's name (8), not indexed or indexed, "408" in Huffman code or not.
            #expect(
                answer.payload.contains(sequence: Array("408".utf8)) || answer.payload.contains(sequence: [0x68, 0x1f]))
        }
    }

    @Test func aReaderThatTakesNothingIsCut() async throws {
        var options = HTTPServerOptions()
        options.connection.stallTimeout = .milliseconds(50)
        options.requestDeadline = .seconds(3600)
        let cut = Signal()
        try await withServer(options) { _, response in
            response.begin(HTTPResponse(status: .ok))
            do {
                while true { try await response.write(ByteBuffer(repeating: 0, count: 32 << 10)) }
            } catch {
                await cut.set()
                throw error
            }
        } _: { server, client, origin in
            // A window of nothing: SETTINGS_INITIAL_WINDOW_SIZE 0.
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(type: 4, [0, 4, 0, 0, 0, 0])
            let heard = try await exchangeRaw(
                preface + Self.frame(type: 1, flags: 5, stream: 1, Self.get)
                    + Self.frame(type: 7, [UInt8](repeating: 0, count: 8)), port: server.port)
            await cut.wait()
            #expect(frames(heard).contains { $0.type == 3 })
        }
    }
}

extension [UInt8] {
    fileprivate func contains(sequence: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: sequence) }
    }
}
