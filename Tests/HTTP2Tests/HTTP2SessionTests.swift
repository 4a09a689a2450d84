import HTTP2
import Testing

struct HTTP2SessionTests {
    @Test func carriesRequestAndResponse() throws {
        var wire = Wire()
        let stream = try wire.request("POST", "/a?b=c", fields: [("x-one", "1")], body: Body([1, 2, 3]))
        wire.settle()
        var head = HTTP2Head()
        head.method = "POST"
        head.scheme = "http"
        head.authority = "test"
        head.path = "/a?b=c"
        head.fields = [HTTP2Field("x-one", "1")]
        #expect(
            wire.serverEvents == [
                .headReceived(stream, head, endStream: false), .dataReceived(stream, [1, 2, 3]), .inboundEnded(stream),
            ])

        try wire.respond(stream, status: "201", body: Body([4, 5]))
        wire.settle()
        var answer = HTTP2Head()
        answer.status = 201
        #expect(
            wire.clientEvents == [
                .headReceived(stream, answer, endStream: false), .dataReceived(stream, [4, 5]), .inboundEnded(stream),
                .streamClosed(stream, .noError),
            ])
        #expect(wire.serverEvents.last == .streamClosed(stream, .noError))
    }

    @Test func keepsHeadAndBodyOfOneReadInOrder() {
        let server = HTTP2Session(role: .server)
        server.receive(
            Frame.preface + Frame.make(type: 1, flags: 4, stream: 1, Frame.postHead)
                + Frame.make(type: 0, flags: 1, stream: 1, [7, 8]))
        let id = HTTP2StreamID(rawValue: 1)
        let events = server.takeEvents()
        #expect(events.count == 4)
        #expect(Array(events.suffix(2)) == [.dataReceived(id, [7, 8]), .inboundEnded(id)])
        guard case .headReceived(id, let head, endStream: false) = events[1] else {
            Issue.record("no head: \(events)")
            return
        }
        #expect(head.method == "POST")
    }

    @Test func sendsTrailersAfterBody() throws {
        var wire = Wire()
        let stream = try wire.request()
        wire.settle()
        try wire.respond(stream, body: Body([1], trailers: HTTP2HeaderBlock([("x-sum", "9")])))
        wire.settle()
        #expect(wire.clientEvents.contains(.trailersReceived(stream, [HTTP2Field("x-sum", "9")])))
    }

    @Test func stopsAtTheWindowAndGoesOnAfterConsumption() throws {
        var limits = HTTP2Limits()
        limits.streamWindow = 65_535
        var wire = Wire(server: limits)
        let body = Body([UInt8](repeating: 5, count: 150_000))
        let stream = try wire.request("POST", body: body)
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream).count == 65_535)

        wire.server.consume(65_535, of: stream)
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream).count == 131_070)

        wire.server.consume(65_535, of: stream)
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream).count == 150_000)
        #expect(wire.serverEvents.last == .inboundEnded(stream))
    }

    @Test func oneUnreadStreamLeavesRoomForOthers() throws {
        var wire = Wire()
        for _ in 0..<80 { _ = try wire.request("POST", body: Body([UInt8](repeating: 1, count: 300_000))) }
        wire.settle()
        let last = try wire.request("POST", body: Body([9]))
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: last) == [9])
    }

    @Test func resumesADeferredBody() throws {
        var wire = Wire()
        let body = Body([1], isComplete: false)
        let stream = try wire.request("POST", body: body)
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream) == [1])
        body.bytes = [2]
        body.isComplete = true
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream) == [1])
        wire.client.resumeBody(of: stream)
        wire.settle()
        #expect(wire.received(by: wire.serverEvents, on: stream) == [1, 2])
        #expect(wire.serverEvents.last == .inboundEnded(stream))
    }

    @Test func resetReachesThePeer() throws {
        var wire = Wire()
        let stream = try wire.request("POST", body: Body([], isComplete: false))
        wire.settle()
        wire.client.reset(stream, .cancel)
        wire.settle()
        #expect(wire.serverEvents.last == .streamClosed(stream, .cancel))
    }

    @Test func reportsAnAnswerThatOvertakesItsRequest() throws {
        var wire = Wire()
        let stream = try wire.request("POST", body: Body([1], isComplete: false))
        wire.settle()
        try wire.respond(stream)
        wire.settle()
        #expect(wire.serverEvents.contains(.answeredEarly(stream)))
    }

    @Test func doesNotReportAnAnswerInTurn() throws {
        var wire = Wire()
        let stream = try wire.request()
        wire.settle()
        try wire.respond(stream)
        wire.settle()
        #expect(!wire.serverEvents.contains(.answeredEarly(stream)))
    }

    @Test func goAwayRefusesNewStreamsAndServesOpenOnes() throws {
        var wire = Wire()
        let stream = try wire.request()
        wire.settle()
        wire.server.submitShutdownNotice()
        wire.server.ping(7)
        wire.settle()
        #expect(wire.serverEvents.last == .pingAcknowledged(7))
        wire.server.submitGoAway()
        wire.settle()
        #expect(throws: HTTP2SessionError.closing) { try wire.request() }
        #expect(!wire.server.isFinished)
        try wire.respond(stream)
        wire.settle()
        #expect(wire.clientEvents.contains(.streamClosed(stream, .noError)))
        #expect(wire.server.isFinished)
    }

    @Test func streamsBeyondTheLimitWaitTheirTurn() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 1
        var wire = Wire(server: limits)
        let first = try wire.request()
        let second = try wire.request()
        wire.settle()
        #expect(wire.serverEvents.count == 1)
        try wire.respond(first)
        wire.settle()
        guard case .headReceived(second, _, endStream: true) = wire.serverEvents.last else {
            Issue.record("second stream did not open: \(wire.serverEvents)")
            return
        }
        #expect(wire.client.peerConcurrentStreams == 1)
    }

    @Test func dropsFieldsThatHTTP2Forbids() throws {
        var wire = Wire()
        let stream = try wire.request(fields: [("connection", "close"), ("x-kept", "1"), ("transfer-encoding", "x")])
        wire.settle()
        guard case .headReceived(stream, let head, _) = wire.serverEvents.first else {
            Issue.record("no head: \(wire.serverEvents)")
            return
        }
        #expect(head.fields == [HTTP2Field("x-kept", "1")])
    }
}
