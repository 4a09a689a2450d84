import CPQ

/// The waiting of one statement: until its deadline or cancellation, then a cancel request and a last grace.
struct StatementWait {
    private var patience: Patience
    private let grace: Duration
    private var cancelling: BlockingCall<Bool>?
    /// Why the statement was cancelled, if it was.
    private(set) var interruption: PostgresError?
    /// Whether the server did not even answer the cancellation.
    private(set) var gaveUp = false

    init(patience: Patience, grace: Duration) {
        self.patience = patience
        self.grace = grace
    }

    /// Returns when the socket is ready; throws when the server stays silent after the cancellation too.
    mutating func wait(for events: Int32, connection: OpaquePointer) throws(PostgresError) {
        while true {
            let outcome = patience.wait(for: events, on: PQsocket(connection))
            if outcome == .ready { return }
            if let interruption {
                gaveUp = true
                throw interruption
            }
            interruption = outcome == .cancelled ? .cancelled : .deadlineExceeded
            patience.signal = nil
            patience.deadline = .now + grace
            cancelling = try startCancelling(connection)
        }
    }

    /// A cancel request that is still on its way could hit the connection's next statement: wait for it.
    mutating func finishCancelling() throws(PostgresError) {
        guard let cancelling, let interruption, cancelling.value(by: patience.deadline) == nil else { return }
        gaveUp = true
        throw interruption
    }

    /// `PQcancel` opens a second connection and blocks on it, hence the thread of its own.
    private mutating func startCancelling(_ connection: OpaquePointer) throws(PostgresError) -> BlockingCall<Bool>? {
        guard let pointer = PQgetCancel(connection) else { return nil }
        let request = CancelRequest(pointer: pointer)
        return try BlockingCall { request.send() }
    }
}

/// Owns one `PGcancel`.
///
/// Unchecked, because the pointer is only read: "The PGcancel object is read-only as far as PQcancel is concerned, so
/// it can also be invoked from a thread that is separate from the one manipulating the PGconn object."
private final class CancelRequest: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQfreeCancel(pointer) }

    func send() -> Bool {
        var message = [CChar](repeating: 0, count: 256)
        return PQcancel(pointer, &message, Int32(message.count)) == 1
    }
}
