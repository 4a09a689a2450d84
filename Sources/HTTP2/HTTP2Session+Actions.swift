import CNGHTTP2

extension HTTP2Session {
    /// Opens a stream. Without `body` the request ends with its head.
    ///
    /// Streams beyond the peer's limit wait inside the session and open as others close.
    public func submitRequest(
        _ head: inout HTTP2HeaderBlock, body: (any HTTP2BodySource)? = nil
    ) throws(HTTP2SessionError) -> HTTP2StreamID {
        guard !hasFailed, nghttp2_session_check_request_allowed(pointer) != 0 else { throw .closing }
        var provider = makeProvider()
        let id = head.withEntries { entries, count in
            body == nil
                ? nghttp2_submit_request(pointer, nil, entries, count, nil, nil)
                : nghttp2_submit_request(pointer, nil, entries, count, &provider, nil)
        }
        if id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE.rawValue { throw .streamsExhausted }
        guard id > 0 else { throw .rejected(code: id) }
        if let body { bodies[id] = OutboundBody(source: body) }
        return HTTP2StreamID(rawValue: id)
    }

    /// Answers a stream. Without `body` the response ends with its head.
    public func submitResponse(
        on stream: HTTP2StreamID, _ head: inout HTTP2HeaderBlock, body: (any HTTP2BodySource)? = nil
    ) throws(HTTP2SessionError) {
        var provider = makeProvider()
        let result = head.withEntries { entries, count in
            body == nil
                ? nghttp2_submit_response(pointer, stream.rawValue, entries, count, nil)
                : nghttp2_submit_response(pointer, stream.rawValue, entries, count, &provider)
        }
        if result == NGHTTP2_ERR_DATA_EXIST.rawValue || result == NGHTTP2_ERR_INVALID_ARGUMENT.rawValue {
            throw .invalidStream
        }
        guard result == 0 else { throw .rejected(code: result) }
        if let body { bodies[stream.rawValue] = OutboundBody(source: body) }
    }

    /// Says that a body that was `pending` has bytes again.
    public func resumeBody(of stream: HTTP2StreamID) {
        // nghttp2 answers an error when the body was not deferred: the flag keeps that call from being made.
        guard let body = bodies[stream.rawValue], body.isDeferred else { return }
        bodies[stream.rawValue]?.isDeferred = false
        nghttp2_session_resume_data(pointer, stream.rawValue)
    }

    /// Ends a stream at once, both ways.
    public func reset(_ stream: HTTP2StreamID, _ code: HTTP2Reason) {
        nghttp2_submit_rst_stream(pointer, 0, stream.rawValue, code.rawValue)
    }

    /// Says that the application has read so many bytes of body, so that the peer may send as many more.
    public func consume(_ count: Int, of stream: HTTP2StreamID) {
        if count > 0 { nghttp2_session_consume_stream(pointer, stream.rawValue, count) }
    }

    /// Sends a PING; `pingAcknowledged` with the same payload follows.
    public func ping(_ payload: UInt64) {
        withUnsafeBytes(of: payload) { bytes in
            _ = nghttp2_submit_ping(pointer, 0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// First step of a server's shutdown: the client shall open no more streams, those on their way are still served.
    public func submitShutdownNotice() {
        nghttp2_submit_shutdown_notice(pointer)
    }

    /// GOAWAY with the last stream processed. Open streams go on; the session finishes after the last of them.
    public func submitGoAway(_ code: HTTP2Reason = .noError) {
        let last = nghttp2_session_get_last_proc_stream_id(pointer)
        nghttp2_submit_goaway(pointer, 0, last, code.rawValue, nil, 0)
    }

    /// GOAWAY, and the end of the session once it is sent.
    public func terminate(_ code: HTTP2Reason) {
        nghttp2_session_terminate_session(pointer, code.rawValue)
    }

    /// Streams the peer lets this end have open at once.
    public var peerConcurrentStreams: Int {
        Int(nghttp2_session_get_remote_settings(pointer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    private func makeProvider() -> nghttp2_data_provider {
        // The body is found by its stream's number: no pointer of ours for nghttp2 to keep.
        nghttp2_data_provider(source: nghttp2_data_source(ptr: nil), read_callback: NGHTTP2Tables.readBody)
    }

    /// Lets go of the sources of all bodies: nothing will be sent any more.
    public func forgetBodies() { bodies.removeAll() }
}
