import HTTP2
import HTTPTypes
import NIOCore

/// The only door to a stream from outside its event loop: at once when already there, one hop otherwise.
struct HTTPStreamReference: Sendable {
    let loop: any EventLoop
    private let bound: NIOLoopBound<HTTPStream>

    /// On the stream's loop only.
    init(_ stream: HTTPStream) {
        loop = stream.connection.loop
        bound = NIOLoopBound(stream, eventLoop: loop)
    }

    func onLoop(_ body: @escaping @Sendable (HTTPStream) -> Void) {
        if loop.inEventLoop { body(bound.value) } else { loop.execute { body(bound.value) } }
    }

    func read() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in onLoop { $0.read(continuation) } }
        } onCancel: {
            onLoop { stream in
                stream.reader?.resume(throwing: CancellationError())
                stream.reader = nil
            }
        }
    }

    func write(_ buffer: ByteBuffer) async throws {
        if loop.inEventLoop {
            // The common case on a handler's own loop: no continuation when there is room.
            let stream = bound.value
            if stream.writer != nil { throw HTTPTransportError.concurrentUse }
            try stream.enqueue(buffer)
            if !stream.isOverHighWater { return }
            return try await suspendWriter(ByteBuffer())
        }
        try await suspendWriter(buffer)
    }

    private func suspendWriter(_ buffer: ByteBuffer) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in onLoop { $0.write(buffer, continuation) } }
        } onCancel: {
            onLoop { stream in
                stream.writer?.resume(throwing: CancellationError())
                stream.writer = nil
            }
        }
    }

    func finish(_ trailers: HTTPFields?) async throws {
        if loop.inEventLoop { return try bound.value.finish(trailers) }
        try await loop.submit { try bound.value.finish(trailers) }.get()
    }

    func responseHead() async throws -> HTTPResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                onLoop { stream in
                    if let head = stream.head {
                        continuation.resume(returning: head.response)
                    } else if let failure = stream.failure {
                        continuation.resume(throwing: failure)
                    } else {
                        stream.headWaiter = continuation
                    }
                }
            }
        } onCancel: {
            onLoop { stream in
                stream.headWaiter?.resume(throwing: CancellationError())
                stream.headWaiter = nil
            }
        }
    }

    func trailers() async throws -> HTTPFields? {
        if loop.inEventLoop { return bound.value.trailers }
        return try await loop.submit { bound.value.trailers }.get()
    }

    func respond(_ head: HTTPResponse) {
        onLoop { stream in
            if !stream.isHeadSubmitted { stream.pendingHead = head }
        }
    }

    func setDeadline(_ duration: Duration?) {
        onLoop { $0.connection.setDeadline(duration, of: $0) }
    }

    func reset(_ code: HTTP2Reason) {
        onLoop { stream in
            guard !stream.isClosed else { return }
            stream.fail(.streamReset(code))
            stream.connection.reset(stream, code)
        }
    }
}
