import CNGHTTP2

/// nghttp2's callback and option tables. The thunks hold no logic: each forwards to the session in `user_data`.
enum NGHTTP2Tables {
    fileprivate static func forward(
        _ userData: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Int32
    ) -> Int32 {
        guard let userData else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        return Unmanaged<HTTP2Session>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
    }

    // Built once and never changed again; nghttp2 copies the table into each session.
    nonisolated(unsafe) static let callbacks: OpaquePointer = {
        var made: OpaquePointer?
        let result = nghttp2_session_callbacks_new(&made)
        guard result == 0, let table = made else { preconditionFailure("nghttp2 callbacks: out of memory") }
        setReceiving(table)
        setSending(table)
        return table
    }()

    private static func setReceiving(_ table: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(table) { _, _, userData in
            NGHTTP2Tables.forward(userData) { $0.headBegan() }
        }
        nghttp2_session_callbacks_set_on_header_callback(table) {
            _, _, name, nameCount, value, valueCount, _, userData in
            NGHTTP2Tables.forward(userData) {
                $0.fieldReceived(
                    UnsafeBufferPointer(start: name, count: nameCount),
                    UnsafeBufferPointer(start: value, count: valueCount))
            }
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(table) { _, header, userData in
            NGHTTP2Tables.forward(userData) { session in header.map { session.frameBegan($0.pointee) } ?? 0 }
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(table) { _, frame, userData in
            NGHTTP2Tables.forward(userData) { session in frame.map { session.frameReceived($0.pointee) } ?? 0 }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table) { _, _, stream, bytes, count, userData in
            NGHTTP2Tables.forward(userData) { $0.dataReceived(stream, UnsafeBufferPointer(start: bytes, count: count)) }
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(table) { _, stream, code, userData in
            NGHTTP2Tables.forward(userData) { $0.streamClosed(stream, code) }
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table) { _, _, _, userData in
            // Each one makes nghttp2 send RST_STREAM: the shape of "MadeYouReset".
            NGHTTP2Tables.forward(userData) { $0.freeFrameReceived() }
        }
        nghttp2_session_callbacks_set_error_callback2(table) { _, _, message, count, userData in
            NGHTTP2Tables.forward(userData) {
                $0.libraryComplained(UnsafeRawBufferPointer(start: message, count: count))
            }
        }
    }

    private static func setSending(_ table: OpaquePointer) {
        nghttp2_session_callbacks_set_on_frame_send_callback(table) { _, frame, userData in
            NGHTTP2Tables.forward(userData) { session in frame.map { session.frameSent($0.pointee.hd) } ?? 0 }
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(table) { _, frame, _, userData in
            NGHTTP2Tables.forward(userData) { session in frame.map { session.frameNotSent($0.pointee.hd) } ?? 0 }
        }
    }

    static let readBody: nghttp2_data_source_read_callback = { _, stream, buffer, count, flags, _, userData in
        guard let userData, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        return Unmanaged<HTTP2Session>.fromOpaque(userData)._withUnsafeGuaranteedRef {
            $0.fillBody(of: stream, UnsafeMutableRawBufferPointer(start: buffer, count: count), &flags.pointee)
        }
    }

    static func makeOption(_ limits: HTTP2Limits) -> OpaquePointer {
        var made: OpaquePointer?
        let result = nghttp2_option_new(&made)
        guard result == 0, let option = made else { preconditionFailure("nghttp2 option: out of memory") }
        // The application says what it has read: that is the back-pressure.
        nghttp2_option_set_no_auto_window_update(option, 1)
        // Closed streams are kept only for RFC 7540 priorities.
        nghttp2_option_set_no_closed_streams(option, 1)
        nghttp2_option_set_max_outbound_ack(option, limits.pendingAcknowledgements)
        nghttp2_option_set_max_settings(option, limits.settingsEntries)
        // The session meters resets itself, by its caller's clock and with ENHANCE_YOUR_CALM: the library's own limit
        // must not come first.
        nghttp2_option_set_stream_reset_rate_limit(
            option, 2 * UInt64(limits.resetBurst), UInt64(limits.resetsPerSecond))
        nghttp2_option_set_max_continuations(option, limits.continuations)
        // Assumed until the peer's SETTINGS say otherwise.
        nghttp2_option_set_peer_max_concurrent_streams(option, 100)
        return option
    }
}
