import HTTP2
import Testing

/// What a peer that does not keep to the rules gets.
struct HTTP2LimitTests {
    private static let first = HTTP2StreamID(rawValue: 1)

    private func serverAfter(_ frames: [UInt8]) -> (HTTP2Session, [HTTP2Event]) {
        let server = HTTP2Session(role: .server)
        server.receive(Frame.preface + frames)
        return (server, server.takeEvents())
    }

    /// The GOAWAY's error code among bytes sent, if there is a GOAWAY.
    private func goAwayCode(_ bytes: [UInt8]) -> UInt8? {
        var rest = bytes[...]
        while rest.count >= 9 {
            let base = rest.startIndex
            let count = Int(rest[base]) << 16 | Int(rest[base + 1]) << 8 | Int(rest[base + 2])
            if rest[base + 3] == 7 { return rest[base + 9 + 7] }
            rest = rest.dropFirst(9 + count)
        }
        return nil
    }

    @Test(arguments: [16 * 1024, 16 * 1024 + 1])
    func acceptsHeadsUpToTheLimit(total: Int) throws {
        var wire = Wire()
        // The other fields and the overhead of all five count 208 bytes.
        let size = total - 208
        let stream = try wire.request(fields: [("x-large", String(repeating: "a", count: size))])
        wire.settle()
        #expect(wire.serverEvents.contains(.headTooLarge(stream)) == (total > 16 * 1024))
    }

    @Test func refusesTooManyFields() throws {
        var wire = Wire()
        let stream = try wire.request(fields: (0..<100).map { ("x-\($0)", "") })
        wire.settle()
        #expect(wire.serverEvents.contains(.headTooLarge(stream)))
    }

    @Test func goesOnAfterATooLargeHead() throws {
        var wire = Wire()
        _ = try wire.request(fields: [("x-large", String(repeating: "a", count: 20_000))])
        let next = try wire.request(fields: [("x-small", "1")])
        wire.settle()
        guard case .headReceived(next, let head, _) = wire.serverEvents.last else {
            Issue.record("the second head was lost: \(wire.serverEvents)")
            return
        }
        #expect(head.fields == [HTTP2Field("x-small", "1")])
    }

    @Test func garbageEndsTheConnection() {
        let server = HTTP2Session(role: .server)
        server.receive(Array("GET / HTTP/1.1\r\nhost: x\r\n\r\n".utf8))
        guard case .connectionFailed(.protocolError, _) = server.takeEvents().last else {
            Issue.record("garbage was accepted")
            return
        }
    }

    /// PING, SETTINGS, PRIORITY of an idle stream, WINDOW_UPDATE of the connection.
    @Test(arguments: [(UInt8(6), UInt32(0), 8, 600), (4, 0, 0, 600), (2, 7, 5, 600), (8, 0, 4, 1_100)])
    func floodsOfFreeFramesEndTheConnection(type: UInt8, stream: UInt32, size: Int, count: Int) {
        let server = HTTP2Session(role: .server)
        server.receive(Frame.preface)
        var failure: HTTP2Event?
        for _ in 0..<count where failure == nil {
            server.receive(
                Frame.make(
                    type: type, stream: stream, [UInt8](repeating: 0, count: max(size - 1, 0)) + (size > 0 ? [1] : [])))
            failure = server.takeEvents().first { if case .connectionFailed = $0 { true } else { false } }
            _ = server.bytesToSend()
        }
        guard case .connectionFailed(.enhanceYourCalm, _) = failure else {
            Issue.record("flood accepted")
            return
        }
    }

    @Test func theSameFramesAtAHumanPaceAreFine() {
        let server = HTTP2Session(role: .server)
        server.receive(Frame.preface)
        for second in 0..<2_000 {
            server.receive(Frame.make(type: 6, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0]), at: .seconds(second))
            _ = server.bytesToSend()
        }
        #expect(!server.takeEvents().contains { if case .connectionFailed = $0 { true } else { false } })
    }

    @Test func emptyDataFloodEndsTheConnection() {
        let frames = (0..<600).flatMap { _ in Frame.make(type: 0, stream: 1) }
        let (server, events) = serverAfter(Frame.make(type: 1, flags: 4, stream: 1, Frame.postHead) + frames)
        #expect(events.contains { if case .connectionFailed(.enhanceYourCalm, _) = $0 { true } else { false } })
        #expect(goAwayCode(server.bytesToSend()) == 0xb)
    }

    @Test func rapidResetEndsTheConnection() {
        let frames = (0..<400).flatMap { index -> [UInt8] in
            let stream = UInt32(1 + 2 * index)
            return Frame.make(type: 1, flags: 5, stream: stream, Frame.getHead)
                + Frame.make(type: 3, stream: stream, [0, 0, 0, 8])
        }
        let (server, _) = serverAfter(frames)
        #expect(goAwayCode(server.bytesToSend()) == 0xb)
    }

    @Test func provokedResetsCountLikeResets() {
        // A window beyond 2^31 − 1 makes the server reset the stream it names ("MadeYouReset").
        let server = HTTP2Session(role: .server)
        server.receive(Frame.preface)
        var code: UInt8?
        for index in 0..<400 where code == nil {
            let stream = UInt32(1 + 2 * index)
            server.receive(
                Frame.make(type: 1, flags: 5, stream: stream, Frame.getHead)
                    + Frame.make(type: 8, stream: stream, [0x7f, 0xff, 0xff, 0xff]))
            code = goAwayCode(server.bytesToSend())
        }
        #expect(code == 0xb)
    }

    @Test func aDownloadMayOpenItsWindowForEachFrame() throws {
        var wire = Wire()
        let stream = try wire.request()
        wire.settle()
        try wire.respond(stream, body: Body([UInt8](repeating: 1, count: 40 << 20)))
        var received = 0
        while received < 40 << 20 {
            wire.settle()
            let count = wire.received(by: wire.clientEvents, on: stream).count
            #expect(count > 0)
            wire.client.consume(count, of: stream)
            received += count
            wire.clientEvents = []
        }
        #expect(!wire.serverEvents.contains { if case .connectionFailed = $0 { true } else { false } })
    }

    @Test func headsThatAreTooLargeAreAFloodToo() throws {
        var wire = Wire()
        for _ in 0..<60 where wire.clientEvents.isEmpty {
            _ = try wire.request(fields: [("x-large", String(repeating: "a", count: 20_000))])
            wire.settle()
        }
        #expect(
            wire.clientEvents.contains { if case .goAwayReceived(_, .enhanceYourCalm) = $0 { true } else { false } })
    }

    @Test func continuationFloodEndsTheConnection() {
        let frames = (0..<50).flatMap { _ in Frame.make(type: 9, stream: 1, [0x84]) }
        let (server, events) = serverAfter(Frame.make(type: 1, stream: 1, Frame.getHead) + frames)
        #expect(!events.contains { if case .headReceived = $0 { true } else { false } })
        #expect(goAwayCode(server.bytesToSend()) == 0xb)
    }

    @Test func aFailedSessionTakesNothingMore() {
        let server = HTTP2Session(role: .server)
        server.receive([UInt8](repeating: 0, count: 100))
        _ = server.takeEvents()
        server.receive(Frame.make(type: 1, flags: 5, stream: 1, Frame.getHead))
        #expect(server.takeEvents().isEmpty)
    }
}
