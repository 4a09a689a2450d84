import CNGHTTP2

/// One end of an HTTP/2 connection without a socket: bytes in, events out; actions in, bytes out.
///
/// Not thread-safe: its owner serialises all calls. Two sessions talk when each receives the other's bytes.
public final class HTTP2Session {
    /// Which end this session is.
    public enum Role: Sendable {
        /// Opens streams.
        case client
        /// Answers them.
        case server
    }

    /// Which end this session is.
    public let role: Role
    /// What the peer is granted.
    public let limits: HTTP2Limits

    // Assigned once in `init`: nghttp2 wants `self` before the pointer exists.
    private(set) var pointer: OpaquePointer!
    var events: [HTTP2Event] = []
    var bodies: [Int32: OutboundBody] = [:]
    var incoming = IncomingHead()
    var meter: FloodMeter
    var resetMeter: FloodMeter
    var windowMeter: FloodMeter
    var now: Duration = .zero
    var hasFailed = false
    var libraryMessage = ""

    /// A session whose first bytes (preface, SETTINGS) are ready to send.
    public init(role: Role, limits: HTTP2Limits = HTTP2Limits()) {
        self.role = role
        self.limits = limits
        meter = FloodMeter(burst: limits.controlBurst, perSecond: limits.controlsPerSecond)
        resetMeter = FloodMeter(burst: limits.resetBurst, perSecond: limits.resetsPerSecond)
        windowMeter = FloodMeter(burst: limits.windowUpdateBurst, perSecond: limits.windowUpdatesPerSecond)
        let option = NGHTTP2Tables.makeOption(limits)
        defer { nghttp2_option_del(option) }
        // Unretained: the session is deleted in `deinit`, so nghttp2 never outlives `self`.
        let me = Unmanaged.passUnretained(self).toOpaque()
        let result =
            role == .server
            ? nghttp2_session_server_new2(&pointer, NGHTTP2Tables.callbacks, me, option)
            : nghttp2_session_client_new2(&pointer, NGHTTP2Tables.callbacks, me, option)
        precondition(result == 0, "nghttp2 session: out of memory")
        submitSettings()
    }

    deinit {
        nghttp2_session_del(pointer)
    }

    private func submitSettings() {
        var entries = [
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
            entry(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits.frameSize),
            entry(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.headerTableSize),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(limits.headerListSize)),
            entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        switch role {
        case .server: entries.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
        case .client: entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        }
        nghttp2_submit_settings(pointer, 0, entries, entries.count)
        nghttp2_session_set_local_window_size(pointer, 0, 0, limits.connectionWindow)
    }

    private func entry(_ id: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
    }

    // MARK: Bytes in, events out

    /// Takes bytes from the peer. `now` is any monotonic time; the flood budgets refill by it.
    public func receive(_ bytes: UnsafeRawBufferPointer, at now: Duration) {
        guard !hasFailed else { return }
        self.now = now
        let count = nghttp2_session_mem_recv(
            pointer, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        if count < 0 { fail(Int32(count)) }
    }

    /// Takes bytes from the peer.
    public func receive(_ bytes: [UInt8], at now: Duration = .zero) {
        bytes.withUnsafeBytes { receive($0, at: now) }
    }

    /// The events since the last call, in the order in which they happened.
    public func takeEvents() -> [HTTP2Event] {
        if events.isEmpty { return [] }
        var taken: [HTTP2Event] = []
        taken.reserveCapacity(events.count)
        swap(&taken, &events)
        return taken
    }

    func fail(_ code: Int32) {
        let flooded =
            code == NGHTTP2_ERR_FLOODED.rawValue || code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue
        let detail = libraryMessage.isEmpty ? String(cString: nghttp2_strerror(code)) : libraryMessage
        fail(flooded ? .enhanceYourCalm : .protocolError, detail)
    }

    func fail(_ code: HTTP2Reason, _ reason: String) {
        guard !hasFailed else { return }
        hasFailed = true
        nghttp2_session_terminate_session(pointer, code.rawValue)
        events.append(.connectionFailed(code, reason: reason))
    }

    // MARK: Bytes out

    /// Lends the next bytes to send; nil when there are none. The pointer is valid only within `body`.
    public func withNextOutput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R? {
        var bytes: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(pointer, &bytes)
        guard count > 0 else {
            if count < 0 { fail(.internalError, String(cString: nghttp2_strerror(Int32(count)))) }
            return nil
        }
        return body(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// All bytes that can be sent now.
    public func bytesToSend() -> [UInt8] {
        var all: [UInt8] = []
        while withNextOutput({ all.append(contentsOf: $0) }) != nil {}
        return all
    }

    /// Whether the connection has nothing more to say or hear: close the socket.
    public var isFinished: Bool {
        nghttp2_session_want_read(pointer) == 0 && nghttp2_session_want_write(pointer) == 0
    }
}
