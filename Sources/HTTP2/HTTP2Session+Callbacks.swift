import CNGHTTP2

// Called by nghttp2 within mem_recv or mem_send. They record, and may submit, but never re-enter those two:
// "the application must not call nghttp2_session_mem_send or _recv from a callback" (nghttp2 programmers' guide).
extension HTTP2Session {
    func headBegan() -> Int32 {
        incoming.begin()
        return 0
    }

    func fieldReceived(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Int32 {
        incoming.add(name, value, limits: limits)
        return 0
    }

    /// PRIORITY is met here: nghttp2 ignores its content and says nothing more of it.
    func frameBegan(_ header: nghttp2_frame_hd) -> Int32 {
        nghttp2_frame_type(UInt32(header.type)) == NGHTTP2_PRIORITY ? freeFrameReceived() : 0
    }

    func frameReceived(_ frame: nghttp2_frame) -> Int32 {
        let isAcknowledgement = frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        switch nghttp2_frame_type(UInt32(frame.hd.type)) {
        case NGHTTP2_HEADERS: headEnded(frame.hd)
        case NGHTTP2_DATA where frame.hd.endsStream: events.append(.inboundEnded(frame.hd.stream))
        case NGHTTP2_DATA where frame.hd.length == 0: return freeFrameReceived()
        case NGHTTP2_PING where isAcknowledgement: pingAcknowledged(frame.ping)
        case NGHTTP2_PING: return freeFrameReceived()
        case NGHTTP2_SETTINGS where !isAcknowledgement:
            events.append(.settingsReceived)
            return freeFrameReceived()
        case NGHTTP2_RST_STREAM where role == .server: return streamWasReset()
        case NGHTTP2_WINDOW_UPDATE:
            if !windowMeter.spend(at: now) { fail(.enhanceYourCalm, "WINDOW_UPDATE flood") }
        case NGHTTP2_GOAWAY:
            events.append(
                .goAwayReceived(
                    lastStream: HTTP2StreamID(rawValue: frame.goaway.last_stream_id),
                    HTTP2Reason(rawValue: frame.goaway.error_code)))
        default: break
        }
        return 0
    }

    private func headEnded(_ header: nghttp2_frame_hd) {
        let head = incoming.head
        if incoming.isTooLarge { return headWasTooLarge(header) }
        // A client sees informational heads (1xx) before the final one, a server none.
        if (100..<200).contains(head.status) { return }
        if head.method.isEmpty, head.status == 0 {
            events.append(.trailersReceived(header.stream, head.fields))
        } else {
            events.append(.headReceived(header.stream, head, endStream: header.endsStream))
        }
    }

    private func headWasTooLarge(_ header: nghttp2_frame_hd) {
        if role == .client { reset(header.stream, .enhanceYourCalm) }
        events.append(.headTooLarge(header.stream))
        if !meter.spend(10, at: now) { fail(.enhanceYourCalm, "flood of heads too large") }
        if header.endsStream { events.append(.inboundEnded(header.stream)) }
    }

    private func pingAcknowledged(_ ping: nghttp2_ping) {
        let payload = withUnsafeBytes(of: ping.opaque_data) { $0.loadUnaligned(as: UInt64.self) }
        events.append(.pingAcknowledged(payload))
    }

    func dataReceived(_ stream: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        // The connection's window refills at once: one slow stream must not stop the others.
        nghttp2_session_consume_connection(pointer, bytes.count)
        events.append(.dataReceived(HTTP2StreamID(rawValue: stream), Array(bytes)))
        return 0
    }

    func streamClosed(_ stream: Int32, _ code: UInt32) -> Int32 {
        bodies.removeValue(forKey: stream)
        events.append(.streamClosed(HTTP2StreamID(rawValue: stream), HTTP2Reason(rawValue: code)))
        return 0
    }

    func frameSent(_ header: nghttp2_frame_hd) -> Int32 {
        let type = nghttp2_frame_type(UInt32(header.type))
        if type == NGHTTP2_DATA { windowMeter.earn(4) }
        guard role == .server else { return 0 }
        if type == NGHTTP2_RST_STREAM { return streamWasReset() }
        guard header.endsStream, type == NGHTTP2_HEADERS || type == NGHTTP2_DATA else { return 0 }
        if nghttp2_session_get_stream_remote_close(pointer, header.stream_id) == 0 {
            events.append(.answeredEarly(header.stream))
        }
        return 0
    }

    func frameNotSent(_ header: nghttp2_frame_hd) -> Int32 {
        // A request that never left (the peer's GOAWAY came first): as good as refused.
        guard role == .client, nghttp2_frame_type(UInt32(header.type)) == NGHTTP2_HEADERS else { return 0 }
        bodies.removeValue(forKey: header.stream_id)
        events.append(.streamClosed(header.stream, .refusedStream))
        return 0
    }

    /// Either end's RST_STREAM: whoever opens streams only to have them reset makes the other end work for nothing.
    private func streamWasReset() -> Int32 {
        if !resetMeter.spend(at: now) { fail(.enhanceYourCalm, "RST_STREAM flood") }
        return 0
    }

    func freeFrameReceived() -> Int32 {
        if !meter.spend(at: now) { fail(.enhanceYourCalm, "control frame flood") }
        return 0
    }

    func libraryComplained(_ message: UnsafeRawBufferPointer) -> Int32 {
        libraryMessage = String(decoding: message, as: UTF8.self)
        return 0
    }

    func fillBody(of stream: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> Int {
        guard let body = bodies[stream] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        switch body.source.fill(buffer) {
        case .partial(let count): return count
        case .pending:
            bodies[stream]?.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        case .last(let count, let trailers):
            flags |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
            if var trailers, !trailers.isEmpty {
                flags |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                _ = trailers.withEntries { nghttp2_submit_trailer(pointer, stream, $0, $1) }
            }
            return count
        }
    }
}

extension nghttp2_frame_hd {
    fileprivate var stream: HTTP2StreamID { HTTP2StreamID(rawValue: stream_id) }
    fileprivate var endsStream: Bool { flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 }
}
