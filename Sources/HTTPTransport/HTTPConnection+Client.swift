import HTTP2
import HTTPTypes
import NIOCore

extension HTTPConnection {
    /// Whether this connection takes new requests.
    var isUsable: Bool { !isTornDown && !isDraining && !hasReceivedGoAway && !session.isFinished }

    /// Opens a stream for `request`; its body follows through the stream when `hasBody`.
    func submit(
        _ request: HTTPRequest, hasBody: Bool, deadline: Duration?
    ) throws(HTTPTransportError) -> HTTPStream {
        // Nothing was sent: as good as refused.
        guard isUsable else { throw .refused }
        if streams.count >= session.peerConcurrentStreams + queueLimit { throw .tooManyRequests }
        let stream = HTTPStream(connection: self)
        header.set(request)
        do {
            stream.id = try session.submitRequest(&header, body: hasBody ? stream : nil)
        } catch {
            throw .refused
        }
        stream.isHeadSubmitted = true
        if !hasBody { stream.outbound.end(nil) }
        streams[stream.id] = stream
        setDeadline(deadline, of: stream)
        scheduleFlush()
        return stream
    }

    private var queueLimit: Int {
        if case .client(let limit) = side { limit } else { 0 }
    }
}
