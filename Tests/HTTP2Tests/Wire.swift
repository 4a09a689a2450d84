import HTTP2

/// Two sessions on one wire, and the events each has seen.
struct Wire {
    let client: HTTP2Session
    let server: HTTP2Session
    var clientEvents: [HTTP2Event] = []
    var serverEvents: [HTTP2Event] = []

    init(server limits: HTTP2Limits = HTTP2Limits(), client clientLimits: HTTP2Limits = HTTP2Limits()) {
        client = HTTP2Session(role: .client, limits: clientLimits)
        server = HTTP2Session(role: .server, limits: limits)
        settle()
        clientEvents = []
        serverEvents = []
    }

    /// Carries bytes both ways until nobody has any.
    mutating func settle() {
        while true {
            let up = client.bytesToSend()
            server.receive(up)
            serverEvents += server.takeEvents()
            let down = server.bytesToSend()
            client.receive(down)
            clientEvents += client.takeEvents()
            serverEvents += server.takeEvents()
            if up.isEmpty, down.isEmpty { return }
        }
    }

    /// Opens a stream.
    func request(
        _ method: String = "GET", _ path: String = "/", fields: [(String, String)] = [], body: Body? = nil
    ) throws -> HTTP2StreamID {
        var head = HTTP2HeaderBlock(
            [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path)] + fields)
        return try client.submitRequest(&head, body: body)
    }

    /// Answers a stream.
    func respond(_ stream: HTTP2StreamID, status: String = "200", body: Body? = nil) throws {
        var head = HTTP2HeaderBlock([(":status", status)])
        try server.submitResponse(on: stream, &head, body: body)
    }

    /// Bytes of body the server has received on a stream.
    func received(by events: [HTTP2Event], on stream: HTTP2StreamID) -> [UInt8] {
        events.flatMap { event in
            if case .dataReceived(stream, let bytes) = event { bytes } else { [UInt8]() }
        }
    }
}

/// A body that is what the test says it is.
final class Body: HTTP2BodySource {
    var bytes: [UInt8]
    var isComplete: Bool
    var trailers: HTTP2HeaderBlock?

    init(_ bytes: [UInt8], isComplete: Bool = true, trailers: HTTP2HeaderBlock? = nil) {
        self.bytes = bytes
        self.isComplete = isComplete
        self.trailers = trailers
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyFill {
        let count = min(buffer.count, bytes.count)
        buffer.copyBytes(from: bytes[..<count])
        bytes.removeFirst(count)
        if bytes.isEmpty, isComplete { return .last(count, trailers: trailers) }
        return count == 0 ? .pending : .partial(count)
    }
}

/// Frames written by hand, for peers that do not keep to the rules.
enum Frame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + make(type: 4, stream: 0)

    static func make(type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
        let count = UInt32(payload.count)
        return [UInt8(truncatingIfNeeded: count >> 16), UInt8(truncatingIfNeeded: count >> 8)]
            + [UInt8(truncatingIfNeeded: count), type, flags]
            + withUnsafeBytes(of: stream.bigEndian) { Array($0) } + payload
    }

    /// HPACK (RFC 7541): GET, http, / from the static table, `:authority: x` literal.
    static let getHead: [UInt8] = [0x82, 0x86, 0x84, 0x01, 0x01, 0x78]
    /// The same with POST.
    static let postHead: [UInt8] = [0x83, 0x86, 0x84, 0x01, 0x01, 0x78]
}
