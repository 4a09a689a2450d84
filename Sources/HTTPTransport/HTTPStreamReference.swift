import HTTP2
import HTTPTypes
import NIOCore

/// The only door to a stream from outside its event loop: at once when already there, one hop otherwise.
///
/// Unchecked, because the compiler cannot see that off the loop only constants (`connection`, its `loop`) are read.
/// `NIOLoopBound` would say the same with five times the size: each request copies its reference many times.
struct HTTPStreamReference: @unchecked Sendable {
    private let stream: HTTPStream

    /// On the stream's loop only.
    init(_ stream: HTTPStream) {
        self.stream = stream
    }

    var loop: any EventLoop { stream.connection.loop }

    func onLoop(_ body: @escaping @Sendable (HTTPStream) -> Void) {
        if loop.inEventLoop { body(stream) } else { loop.execute { body(stream) } }
    }

    nonisolated(nonsending) func read() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in onLoop { $0.read(continuation) } }
        } onCancel: {
            onLoop { stream in
                stream.reader?.resume(throwing: CancellationError())
                stream.reader = nil
            }
        }
    }

    nonisolated(nonsending) func write(_ buffer: ByteBuffer) async throws {
        if loop.inEventLoop {
            // The common case on a handler's own loop: no continuation when there is room.
            if stream.writer != nil { throw HTTPTransportError.concurrentUse }
            try stream.enqueue(buffer)
            if !stream.isOverHighWater { return }
            return try await suspendWriter(ByteBuffer())
        }
        try await suspendWriter(buffer)
    }

    private nonisolated(nonsending) func suspendWriter(_ buffer: ByteBuffer) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in onLoop { $0.write(buffer, continuation) } }
        } onCancel: {
            onLoop { stream in
                stream.writer?.resume(throwing: CancellationError())
                stream.writer = nil
            }
        }
    }

    nonisolated(nonsending) func finish(_ trailers: HTTPFields?) async throws {
        if loop.inEventLoop { return try stream.finish(trailers) }
        try await loop.submit { try stream.finish(trailers) }.get()
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
        if loop.inEventLoop { return stream.trailers }
        return try await loop.submit { stream.trailers }.get()
    }

    func respond(_ head: HTTPResponse) {
        // A handler's own loop is the common case, and needs no closure.
        if loop.inEventLoop { return stream.respond(head) }
        loop.execute { stream.respond(head) }
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
