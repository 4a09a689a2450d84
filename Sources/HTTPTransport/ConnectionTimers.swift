import NIOCore

/// A connection's one timer: it always points at the earliest thing due.
struct ConnectionTimers {
    /// When the peer was last heard.
    var lastRead = NIODeadline.uptimeNanoseconds(0)
    /// When the last stream ended, or the connection began.
    var idleSince = NIODeadline.uptimeNanoseconds(0)
    /// Whether the peer has opened a stream yet.
    var hasOpened = false
    /// Since when the socket takes nothing.
    var unwritableSince: NIODeadline?
    /// When streams are looked at for progress next.
    var sweepDue: NIODeadline?
    /// When the unanswered keep-alive PING was sent.
    var pingSent: NIODeadline?
    /// When a shutdown must be over.
    var drainDeadline: NIODeadline?
    private var scheduled: Scheduled<Void>?
    private var due: NIODeadline?

    /// Whether the timer as it is set would fire after `time`, or not at all.
    func isLate(for time: NIODeadline) -> Bool {
        due.map { $0 > time } ?? true
    }

    /// Makes the timer fire at `time`.
    mutating func arm(at time: NIODeadline, on loop: any EventLoop, _ fire: @escaping () -> Void) {
        scheduled?.cancel()
        due = time
        scheduled = loop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: time, fire)
    }

    mutating func fired() {
        due = nil
        scheduled = nil
    }

    mutating func cancel() {
        scheduled?.cancel()
        fired()
    }
}
