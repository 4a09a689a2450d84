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

    @Test(arguments: [(UInt8(6), 8), (4, 0)])
    func pingAndSettingsFloodsEndTheConnection(type: UInt8, size: Int) {
        let server = HTTP2Session(role: .server)
        server.receive(Frame.preface)
        var failure: HTTP2Event?
        for _ in 0..<600 where failure == nil {
            server.receive(Frame.make(type: type, stream: 0, [UInt8](repeating: 0, count: size)))
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
        #expect(goAwayCode(server.bytesToSend()) != nil)
    }

    @Test func continuationFloodEndsTheConnection() {
        let frames = (0..<50).flatMap { _ in Frame.make(type: 9, stream: 1, [0x84]) }
        let (server, events) = serverAfter(Frame.make(type: 1, stream: 1, Frame.getHead) + frames)
        #expect(!events.contains { if case .headReceived = $0 { true } else { false } })
        #expect(goAwayCode(server.bytesToSend()) != nil)
    }

    @Test func aFailedSessionTakesNothingMore() {
        let server = HTTP2Session(role: .server)
        server.receive([UInt8](repeating: 0, count: 100))
        _ = server.takeEvents()
        server.receive(Frame.make(type: 1, flags: 5, stream: 1, Frame.getHead))
        #expect(server.takeEvents().isEmpty)
    }
}
