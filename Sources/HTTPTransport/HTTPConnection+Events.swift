import HTTP2
import HTTPTypes

extension HTTPConnection {
    func process(_ events: [HTTP2Event]) {
        for event in events { process(event) }
    }

    private func process(_ event: HTTP2Event) {
        switch event {
        case .headReceived(let id, let head, let endStream): headReceived(id, head, endStream)
        case .headTooLarge(let id): headTooLarge(id)
        case .dataReceived(let id, let bytes): dataReceived(id, bytes)
        case .trailersReceived(let id, let fields):
            streams[id]?.trailers = HTTPFields(fields)
            streams[id]?.inboundEnded()
        case .inboundEnded(let id): streams[id]?.inboundEnded()
        case .answeredEarly(let id): answeredEarly(id)
        case .streamClosed(let id, let code):
            streams.removeValue(forKey: id)?.closed(code)
            if streams.isEmpty { timers.idleSince = .now() }
        case .settingsReceived: settled.succeed()
        case .pingAcknowledged(let payload): pingAcknowledged(payload)
        case .goAwayReceived(_, let code):
            hasReceivedGoAway = true
            logger.debug("GOAWAY received", metadata: ["code": "\(code)"])
        case .connectionFailed(let code, let reason):
            failureReason = reason
            logger.debug("connection failed", metadata: ["code": "\(code)", "reason": "\(reason)"])
        }
    }

    private func headReceived(_ id: HTTP2StreamID, _ head: HTTP2Head, _ endStream: Bool) {
        switch side {
        case .client:
            streams[id]?.headReceived(head)
            if endStream { streams[id]?.inboundEnded() }
        case .server(let server):
            if runningHandlers + ready.count >= options.runningHandlers { return session.reset(id, .refusedStream) }
            let stream = open(id, server)
            if endStream { stream.inboundEnded() }
            if let length = head.contentLength, length > stream.bodyLimit {
                stream.inbound.fail(.bodyTooLarge(limit: stream.bodyLimit))
            }
            ready.append(ReadyRequest(stream: stream, head: head.request))
        }
    }

    private func open(_ id: HTTP2StreamID, _ server: ServerSide) -> HTTPStream {
        let stream = HTTPStream(connection: self)
        stream.id = id
        stream.bodyLimit = server.options.requestBodyLimit
        stream.openedAt = timers.lastRead
        // From the head on: whatever becomes of a stream, it is one of so many.
        stream.isCounted = server.share.openRequest()
        if !stream.isCounted { refused.append(stream) }
        streams[id] = stream
        timers.hasOpened = true
        armSweep()
        setDeadline(server.options.requestDeadline, of: stream, from: timers.lastRead)
        return stream
    }

    private func headTooLarge(_ id: HTTP2StreamID) {
        switch side {
        case .client:
            streams[id]?.fail(.headTooLarge)
        case .server(let server):
            // Answered without a handler; the end of its body, if one follows, is awaited like any early answer's.
            let stream = streams[id] ?? open(id, server)
            answer(stream, HTTPResponse(status: .requestHeaderFieldsTooLarge))
        }
    }

    private func dataReceived(_ id: HTTP2StreamID, _ bytes: [UInt8]) {
        // A stream that is gone still owes its window.
        guard let stream = streams[id] else { return session.consume(bytes.count, of: id) }
        stream.received(bytes)
    }

    private func answeredEarly(_ id: HTTP2StreamID) {
        guard let stream = streams[id], !stream.inbound.hasEnded else { return }
        stream.isDiscarding = true
        session.consume(stream.inbound.takeAll().readableBytes, of: id)
        setDeadline(options.earlyAnswerGrace, of: stream)
    }
}
