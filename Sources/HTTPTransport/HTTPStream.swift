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
            inbound.fail(error)
            wakeReader()
        }
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
        let result = outbound.fill(buffer)
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
    }

    func closed(_ code: HTTP2Reason) {
        guard !isClosed else { return }
        if code == .refusedStream {
            fail(.refused)
        } else if !(code == .noError && inbound.hasEnded && outbound.hasEnded) {
            fail(.streamReset(code))
        }
        isClosed = true
    }
}
