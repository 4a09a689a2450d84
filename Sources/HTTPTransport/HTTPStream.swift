import HTTP2
import HTTPTypes
import NIOCore

/// One stream, confined to its connection's event loop. Tasks reach it through `HTTPStreamReference`.
final class HTTPStream: HTTP2BodySource {
    /// A whole response being gathered for a client.
    struct Collector {
        let continuation: CheckedContinuation<HTTPCollectedResponse, any Error>
    }

    var id = HTTP2StreamID(rawValue: 0)
    /// Strong: a handler may end, or read what is buffered, after its connection is gone. The connection lets go of its
    /// streams when it is torn down.
    let connection: HTTPConnection

    // Inbound
    /// A response's; a request's is handed to its handler at once.
    var head: HTTP2Head?
    var trailers: HTTPFields?
    var inbound = InboundBody()
    var isDiscarding = false
    var bodyLimit = Int.max
    var reader: CheckedContinuation<ByteBuffer?, any Error>?
    var headWaiter: CheckedContinuation<HTTPResponse, any Error>?
    var collector: Collector?

    // Outbound
    var outbound = OutboundBody()
    var pendingHead: HTTPResponse?
    var isHeadSubmitted = false
    /// Whether the session waits for `resumeBody`.
    var isDeferred = false
    var writer: CheckedContinuation<Void, any Error>?

    // Progress
    var openedAt = NIODeadline.uptimeNanoseconds(0)
    /// Whether a handler runs, which may hold what it has read.
    var hasHandler = false
    /// Whether it is one of the server's open requests: until its handler and its stream have ended.
    var isCounted = false
    private var held = 0
    private var sent = 0
    private var sentWhenLooked = 0
    private var stalledSince: NIODeadline?

    // Life
    var failure: HTTPTransportError?
    var isClosed = false
    var task: Task<Void, Never>?
    var deadline: NIODeadline?

    init(connection: HTTPConnection) {
        self.connection = connection
    }

    // MARK: Inbound

    func received(_ bytes: [UInt8]) {
        if isDiscarding { return discard(bytes.count) }
        inbound.append(bytes)
        if inbound.received > bodyLimit { return bodyOverflowed() }
        if inbound.received > Self.freeBytes, !hold() { return inboundFailed(.overloaded) }
        if collector != nil { return connection.consume(bytes.count, of: self) }
        wakeReader()
    }

    private func discard(_ count: Int) {
        inbound.append([])
        discarded += count
        if discarded <= connection.options.earlyAnswerDiscard { connection.consume(count, of: self) }
    }

    private var discarded = 0

    private func bodyOverflowed() {
        let error = HTTPTransportError.bodyTooLarge(limit: bodyLimit)
        if collector != nil {
            fail(error)
            connection.reset(self, .cancel)
        } else {
            inboundFailed(error)
        }
    }

    /// The body cannot be had: its reader learns why.
    func inboundFailed(_ error: HTTPTransportError) {
        inbound.fail(error)
        wakeReader()
    }

    func inboundEnded() {
        inbound.end()
        if let collector, let response = head?.response {
            self.collector = nil
            let body = inbound.takeAll()
            collector.continuation.resume(
                returning: HTTPCollectedResponse(head: response, body: body, trailers: trailers))
        }
        wakeReader()
    }

    func headReceived(_ head: HTTP2Head) {
        self.head = head
        if let waiter = headWaiter {
            headWaiter = nil
            waiter.resume(returning: head.response)
        }
    }

    private func wakeReader() {
        guard let reader else { return }
        self.reader = nil
        read(reader)
    }

    func read(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        switch inbound.next() {
        case .chunk(let chunk):
            connection.consume(chunk.readableBytes, of: self)
            continuation.resume(returning: chunk)
        case .ended: continuation.resume(returning: nil)
        case .failed(let error): continuation.resume(throwing: error)
        case .pending where reader != nil: continuation.resume(throwing: HTTPTransportError.concurrentUse)
        case .pending: reader = continuation
        }
    }

    // MARK: Outbound

    func respond(_ head: HTTPResponse) {
        if !isHeadSubmitted { pendingHead = head }
    }

    func enqueue(_ buffer: ByteBuffer) throws(HTTPTransportError) {
        if let failure { throw failure }
        if isClosed || outbound.hasEnded { throw .writeAfterEnd }
        let waiting = outbound.pendingBytes + buffer.readableBytes
        if waiting > Self.freeBytes, !hold(outbound: waiting) { throw .overloaded }
        outbound.append(buffer)
        bodyChanged()
    }

    func finish(_ trailers: HTTPFields?) throws(HTTPTransportError) {
        if let failure { throw failure }
        if outbound.hasEnded { return }
        outbound.end(trailers)
        bodyChanged()
    }

    private func bodyChanged() {
        if isHeadSubmitted {
            connection.resume(self)
        } else if let head = pendingHead {
            pendingHead = nil
            let isEmpty = outbound.hasEnded && outbound.pendingBytes == 0
            connection.submitResponse(head, on: self, endStream: isEmpty)
        }
    }

    var isOverHighWater: Bool { outbound.pendingBytes >= connection.options.writeHighWaterMark }

    func write(_ buffer: ByteBuffer, _ continuation: CheckedContinuation<Void, any Error>) {
        do {
            if writer != nil { throw HTTPTransportError.concurrentUse }
            try enqueue(buffer)
        } catch {
            return continuation.resume(throwing: error)
        }
        if isOverHighWater { writer = continuation } else { continuation.resume() }
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyFill {
        let before = outbound.pendingBytes
        let result = outbound.fill(buffer)
        sent += before - outbound.pendingBytes
        if held > 0 { _ = hold() }
        if case .pending = result { isDeferred = true }
        if outbound.pendingBytes < connection.options.writeHighWaterMark / 2, let writer {
            self.writer = nil
            writer.resume()
        }
        return result
    }

    // MARK: End

    /// Ends the stream for everybody who waits on it. An answer that is already complete lets its handler finish.
    func fail(_ error: HTTPTransportError) {
        guard failure == nil, !isClosed else { return }
        failure = error
        inbound.fail(error)
        wakeReader()
        writer?.resume(throwing: error)
        writer = nil
        headWaiter?.resume(throwing: error)
        headWaiter = nil
        collector?.continuation.resume(throwing: error)
        collector = nil
        if !outbound.hasEnded { task?.cancel() }
        outbound.discard()
        release()
    }

    func closed(_ code: HTTP2Reason) {
        guard !isClosed else { return }
        if code == .refusedStream {
            fail(.refused)
        } else if !(code == .noError && inbound.hasEnded && outbound.hasEnded) {
            fail(.streamReset(code))
        }
        isClosed = true
        release()
    }
}

// MARK: Limits

extension HTTPStream {
    /// Bytes of a request's and response's bodies that are not counted: most have no more.
    private static let freeBytes = 16 * 1024
    /// Memory is taken in pieces of this size, so that not every chunk takes the server's lock.
    private static let step = 64 * 1024

    /// Takes or gives back memory for what the stream holds; false when there is no room.
    private func hold(outbound waiting: Int? = nil) -> Bool {
        guard let share = connection.share else { return true }
        // What a running handler has read it may still hold.
        let inside = hasHandler || !(isClosed || inbound.isEmpty) ? inbound.received : 0
        let outside = isClosed ? 0 : waiting ?? outbound.pendingBytes
        let excess = max(inside + outside - Self.freeBytes, 0)
        let wanted = (excess + Self.step - 1) / Self.step * Self.step
        if wanted == held { return true }
        guard share.hold(wanted - held) else { return false }
        held = wanted
        return true
    }

    /// Gives back what is no longer held.
    func release() {
        if held > 0 { _ = hold() }
        guard isCounted, isClosed, !hasHandler else { return }
        isCounted = false
        connection.share?.closeRequest()
    }

    /// Whether the peer has taken nothing for so long of what waits for it.
    func isStalled(for limit: TimeAmount, at now: NIODeadline) -> Bool {
        guard outbound.pendingBytes > 0, sent == sentWhenLooked else {
            sentWhenLooked = sent
            stalledSince = nil
            return false
        }
        let since = stalledSince ?? now
        stalledSince = since
        return since + limit <= now
    }

    /// Whether the peer sends its body more slowly than the server waits for. Not when it waits for our reading.
    func isTooSlow(_ options: HTTPServerOptions, at now: NIODeadline) -> Bool {
        guard hasHandler, !inbound.hasEnded, inbound.isEmpty, !isDiscarding, !outbound.hasEnded else { return false }
        let seconds = Double((now - openedAt - TimeAmount(options.bodyGrace)).nanoseconds) / 1e9
        return seconds > 0 && Double(inbound.received) < seconds * Double(options.bodyRate)
    }
}
