import HTTPTypes
import NIOCore

/// One request on a connection and what has come of its response; confined to the connection's event loop.
final class HTTP1Call {
    /// A collected response's limit; nil for one that is read piece by piece.
    private let collects: Int?
    private var head: HTTPResponse?
    private var headWaiter: CheckedContinuation<HTTPResponse, any Error>?
    private var pieces = CircularBuffer<ByteBuffer>(initialCapacity: 4)
    private var collected = ByteBuffer()
    private var reader: CheckedContinuation<ByteBuffer?, any Error>?
    private var failure: HTTPTransportError?
    /// Bytes that wait to be read.
    private(set) var waitingBytes = 0
    private(set) var trailers: HTTPFields?
    private(set) var hasResponse = false
    /// Whether the response is complete.
    private(set) var hasEnded = false
    var hasFinishedRequest = false
    var writer: CheckedContinuation<Void, any Error>?
    let stall: TimeAmount

    init(collects: Int?, stall: TimeAmount) {
        self.collects = collects
        self.stall = stall
    }

    // MARK: From the connection

    func received(_ head: HTTPResponse) {
        self.head = head
        hasResponse = true
        if let collects, let length = head.headerFields[.contentLength].flatMap({ Int($0) }) {
            if length > collects { return fail(.bodyTooLarge(limit: collects)) }
            collected.reserveCapacity(length)
        }
        headWaiter?.resume(returning: head)
        headWaiter = nil
    }

    func received(_ piece: ByteBuffer) {
        guard failure == nil else { return }
        if let collects {
            guard collected.readableBytes + piece.readableBytes <= collects else {
                return fail(.bodyTooLarge(limit: collects))
            }
            collected.writeImmutableBuffer(piece)
        } else {
            pieces.append(piece)
            waitingBytes += piece.readableBytes
            wakeReader()
        }
    }

    func ended(_ trailers: HTTPFields?) {
        guard failure == nil else { return }
        self.trailers = trailers
        hasEnded = true
        wakeReader()
    }

    /// What has arrived whole stays readable.
    func fail(_ error: HTTPTransportError) {
        guard failure == nil else { return }
        failure = error
        writer?.resume(throwing: error)
        writer = nil
        headWaiter?.resume(throwing: error)
        headWaiter = nil
        if !hasEnded { pieces.removeAll() }
        wakeReader()
    }

    var hasFailed: Bool { failure != nil }

    // MARK: From the caller

    func awaitHead(_ continuation: CheckedContinuation<HTTPResponse, any Error>) {
        if let head {
            continuation.resume(returning: head)
        } else if let failure {
            continuation.resume(throwing: failure)
        } else if headWaiter != nil {
            continuation.resume(throwing: HTTPTransportError.concurrentUse)
        } else {
            headWaiter = continuation
        }
    }

    func read(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        guard reader == nil else { return continuation.resume(throwing: HTTPTransportError.concurrentUse) }
        reader = continuation
        wakeReader()
    }

    private func wakeReader() {
        guard let reader else { return }
        if let piece = pieces.popFirst() {
            waitingBytes -= piece.readableBytes
            reader.resume(returning: piece)
        } else if collects != nil, hasEnded {
            reader.resume(returning: collected)
        } else if hasEnded {
            reader.resume(returning: nil)
        } else if let failure {
            reader.resume(throwing: failure)
        } else {
            return
        }
        self.reader = nil
    }

    /// Whether this side, not the peer, is who keeps the exchange waiting.
    var waitsForCaller: Bool { waitingBytes > 0 || !hasFinishedRequest && writer == nil && !hasResponse }
}
