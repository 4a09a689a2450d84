import HTTP2
import NIOCore

extension HTTPConnection {
    /// Payloads of this end's PINGs: one asks whether the peer is there, one whether it has seen the shutdown notice.
    private static var keepAlivePing: UInt64 { 1 }
    private static var shutdownPing: UInt64 { .max }

    // MARK: Deadlines

    func setDeadline(_ duration: Duration?, of stream: HTTPStream, from start: NIODeadline = .now()) {
        guard let duration else {
            stream.deadline = nil
            return
        }
        let deadline = start + TimeAmount(duration)
        stream.deadline = deadline
        arm(deadline)
    }

    private func arm(_ time: NIODeadline) {
        guard !isTornDown, timers.isLate(for: time) else { return }
        timers.arm(at: time, on: loop) { [weak self] in self?.timerFired() }
    }

    /// Points the timer at the earliest thing due.
    func armTimer() {
        var earliest = min(timers.drainDeadline ?? .distantFuture, timers.sweepDue ?? .distantFuture)
        for stream in streams.values {
            if let deadline = stream.deadline { earliest = min(earliest, deadline) }
        }
        arm(min(earliest, keepAliveDue))
    }

    private var keepAliveDue: NIODeadline {
        // Who is not read cannot be heard; `stallTimeout` is what ends it.
        if isNotRead { return .distantFuture }
        if let sent = timers.pingSent { return sent + TimeAmount(options.keepAliveTimeout) }
        guard streams.isEmpty else { return timers.lastRead + TimeAmount(options.keepAliveInterval) }
        switch side {
        case .client: return timers.lastRead + TimeAmount(options.idleTimeout)
        // Requests are what a server's peer is there for: neither PINGs nor half a head keep the connection.
        case .server(let server):
            return timers.idleSince
                + TimeAmount(timers.hasOpened ? options.idleTimeout : server.options.firstRequestTimeout)
        }
    }

    private func timerFired() {
        timers.fired()
        guard !isTornDown else { return }
        let now = NIODeadline.now()
        if let drain = timers.drainDeadline, drain <= now { return closeNow("drain timeout") }
        for stream in Array(streams.values) {
            guard let deadline = stream.deadline, deadline <= now else { continue }
            stream.deadline = nil
            deadlinePassed(stream)
        }
        if let due = timers.sweepDue, due <= now {
            timers.sweepDue = nil
            if sweep(now) { return }
        }
        if keepAliveDue <= now { keepAliveIsDue(now) }
        if isTornDown { return }
        armTimer()
        flush()
    }

    private func keepAliveIsDue(_ now: NIODeadline) {
        if timers.pingSent != nil { return closeNow("no answer to PING") }
        if streams.isEmpty {
            // Not heard for the idle time: leave. The peer sees GOAWAY and opens a new connection when it needs one.
            timers.lastRead = now
            timers.idleSince = now
            if case .server = side, !timers.hasOpened { return closeNow("no request") }
            return shutDown()
        }
        timers.pingSent = now
        session.ping(Self.keepAlivePing)
    }

    // MARK: Progress

    /// Looks at the streams' progress now and then, not at each byte.
    func armSweep() {
        if timers.sweepDue != nil || isTornDown { return }
        var interval = TimeAmount(options.stallTimeout)
        if case .server(let server) = side { interval = min(interval, TimeAmount(server.options.bodyGrace)) }
        let due = NIODeadline.now() + max(.nanoseconds(interval.nanoseconds / 4), .milliseconds(1))
        timers.sweepDue = due
        arm(due)
    }

    /// Ends what makes no progress; true when that is the whole connection.
    private func sweep(_ now: NIODeadline) -> Bool {
        let stall = TimeAmount(options.stallTimeout)
        if let since = timers.unwritableSince, since + stall <= now {
            closeNow("the peer takes nothing")
            return true
        }
        for stream in Array(streams.values) {
            if stream.isStalled(for: stall, at: now) {
                logger.debug("stream reset: the peer takes nothing", metadata: ["stream": "\(stream.id)"])
                stream.fail(.streamReset(.cancel))
                reset(stream, .cancel)
            } else if case .server(let server) = side, stream.isTooSlow(server.options, at: now) {
                stream.inboundFailed(.bodyTooSlow)
            }
        }
        if !streams.isEmpty || timers.unwritableSince != nil { armSweep() }
        return false
    }

    func closeNow(_ reason: String) {
        failureReason = reason
        session.terminate(.noError)
        flush()
        context?.close(promise: nil)
    }

    // MARK: Shutdown

    /// Lets open streams end, opens none, then closes; by force after the drain timeout.
    func shutDown() {
        guard !isDraining, !isTornDown else { return }
        isDraining = true
        switch side {
        case .server:
            // The PING's acknowledgement proves that the client has seen the notice.
            session.submitShutdownNotice()
            session.ping(Self.shutdownPing)
        case .client:
            session.submitGoAway()
            if streams.isEmpty { session.terminate(.noError) }
        }
        timers.drainDeadline = .now() + TimeAmount(options.drainTimeout)
        armTimer()
        flush()
    }

    func pingAcknowledged(_ payload: UInt64) {
        switch payload {
        case Self.keepAlivePing: timers.pingSent = nil
        case Self.shutdownPing where isDraining: session.submitGoAway()
        default: break
        }
    }
}
