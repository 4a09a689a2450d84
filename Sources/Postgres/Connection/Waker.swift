import Glibc
import Synchronization

/// A pair of sockets joined to each other: one thread waits on it beside a socket, and any thread can make it readable.
final class Waker: Sendable {
    let descriptor: Int32
    private let writeEnd: Int32

    init() throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        // Not `pipe`, which cannot be told at birth to stay out of child processes.
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        guard socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else { throw .resourceUnavailable("event descriptor") }
        (descriptor, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    func fire() {
        var byte: UInt8 = 1
        // A full buffer is readable already, so the result says nothing worth knowing.
        _ = write(writeEnd, &byte, 1)
    }

    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }

    /// Waits until fired, or until the deadline; false when the deadline came first.
    func wait(until deadline: ContinuousClock.Instant?) -> Bool {
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        return pollUntil(deadline, &descriptors)
    }
}

/// Says once, from any thread, that a statement is no longer wanted.
final class CancelSignal: Sendable {
    private let fired = Atomic<Bool>(false)
    private let waker: Waker

    init(waker: Waker) { self.waker = waker }

    var isFired: Bool { fired.load(ordering: .acquiring) }

    func fire() {
        fired.store(true, ordering: .releasing)
        waker.fire()
    }
}

/// How long a wait on a connection's socket may last, and what may end it early.
struct Patience {
    enum Outcome: Equatable { case ready, timedOut, cancelled }

    var deadline: ContinuousClock.Instant
    var signal: CancelSignal?
    let waker: Waker

    func wait(for events: Int32, on socket: Int32) -> Outcome {
        while true {
            if let signal, signal.isFired { return .cancelled }
            var descriptors = [
                pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard pollUntil(deadline, &descriptors) else { return .timedOut }
            // The waker serves every statement of a connection: another's cancellation only wakes this one up.
            if descriptors[1].revents != 0 { waker.drain() }
            if descriptors[0].revents != 0 { return .ready }
        }
    }
}

/// `poll` with a deadline that signals do not stretch; false when nothing was ready in time.
private func pollUntil(_ deadline: ContinuousClock.Instant?, _ descriptors: inout [pollfd]) -> Bool {
    while true {
        var timeout: Int32 = -1
        if let deadline {
            let remaining = deadline - .now
            guard remaining > .zero else { return poll(&descriptors, nfds_t(descriptors.count), 0) > 0 }
            timeout = Int32(clamping: remaining.wholeMilliseconds + 1)
        }
        let ready = poll(&descriptors, nfds_t(descriptors.count), timeout)
        if ready > 0 { return true }
        if ready < 0 && errno != EINTR { return true }
    }
}

extension Duration {
    /// Rounded towards zero.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
