import HTTP2
import HTTPTypes
import NIOCore

extension HTTPConnection {
    /// Starts the handlers of all requests of one read burst, after every event of the burst was recorded: a request
    /// whose body came with its head is handed over whole.
    func dispatchReady() {
        guard case .server(let server) = side, !ready.isEmpty else { return }
        let batch = ready
        ready.removeAll(keepingCapacity: true)
        guard let channel = context?.channel else { return }
        for request in batch where !request.stream.isClosed && request.stream.failure == nil {
            dispatch(request, channel, server)
        }
    }

    private func dispatch(_ ready: ReadyRequest, _ channel: any Channel, _ server: ServerSide) {
        let stream = ready.stream
        guard stream.isCounted else { return answer(stream, server.options.overloadResponse) }
        let reference = HTTPStreamReference(stream)
        let request = HTTPServerRequest(
            head: ready.head, body: HTTPBody(reference), completeBody: stream.completeBody(), channel: channel,
            peer: server.peer)
        let handler = server.handler
        runningHandlers += 1
        stream.hasHandler = true
        stream.task = Task.immediate(executorPreference: server.executor) {
            do {
                try await handler.handle(request, HTTPResponseWriter(reference))
                reference.onLoop { $0.connection.handlerEnded($0, nil) }
            } catch {
                reference.onLoop { $0.connection.handlerEnded($0, error) }
            }
        }
    }

    private func handlerEnded(_ stream: HTTPStream, _ error: (any Error)?) {
        runningHandlers -= 1
        stream.task = nil
        stream.hasHandler = false
        stream.release()
        guard !stream.isClosed, stream.failure == nil else { return }
        if let error { return handlerFailed(stream, error) }
        guard !stream.outbound.hasEnded else { return }
        // A handler that returns without finishing has broken its contract: the client must not wait for it.
        logger.error("handler returned without finishing its response")
        handlerFailed(stream, HTTPTransportError.streamReset(.internalError))
    }

    private func handlerFailed(_ stream: HTTPStream, _ error: any Error) {
        guard case .server(let server) = side else { return }
        let isOverload = error as? HTTPTransportError == .overloaded
        if stream.isHeadSubmitted { return stop(stream, isOverload ? .enhanceYourCalm : .internalError) }
        switch error {
        case HTTPTransportError.overloaded: answer(stream, server.options.overloadResponse)
        case HTTPTransportError.bodyTooSlow: answer(stream, server.options.slowBodyResponse)
        case HTTPTransportError.bodyTooLarge: answer(stream, HTTPResponse(status: .contentTooLarge))
        case HTTPTransportError.deadlineExceeded: answer(stream, HTTPResponse(status: .gatewayTimeout))
        default: answer(stream, HTTPResponse(status: .internalServerError))
        }
    }

    private func answer(_ stream: HTTPStream, _ response: (head: HTTPResponse, body: ByteBuffer)) {
        answer(stream, response.head, body: response.body)
    }

    /// Answers without a handler.
    func answer(_ stream: HTTPStream, _ head: HTTPResponse, body: ByteBuffer = ByteBuffer()) {
        guard !stream.isHeadSubmitted, !stream.isClosed else { return }
        stream.pendingHead = nil
        stream.outbound.discard()
        stream.outbound.append(body)
        stream.outbound.end(nil)
        submitResponse(head, on: stream, endStream: body.readableBytes == 0)
    }

    func submitResponse(_ head: HTTPResponse, on stream: HTTPStream, endStream: Bool) {
        guard !isTornDown, !stream.isClosed else { return }
        stream.isHeadSubmitted = true
        header.set(head)
        do {
            try session.submitResponse(on: stream.id, &header, body: endStream ? nil : stream)
        } catch {
            logger.debug("response not taken", metadata: ["error": "\(error)"])
        }
        scheduleFlush()
    }

    private func stop(_ stream: HTTPStream, _ code: HTTP2Reason) {
        stream.fail(.streamReset(code))
        reset(stream, code)
    }

    func deadlinePassed(_ stream: HTTPStream) {
        if stream.isDiscarding { return reset(stream, .noError) }
        if case .server(let server) = side, !stream.isHeadSubmitted {
            let task = stream.task
            answer(stream, server.options.deadlineResponse.head, body: server.options.deadlineResponse.body)
            task?.cancel()
        } else {
            stream.fail(.deadlineExceeded)
            reset(stream, .cancel)
        }
    }
}

extension HTTPStream {
    /// The whole body if its end has arrived and nobody has read any of it.
    fileprivate func completeBody() -> ByteBuffer? {
        guard inbound.hasEnded else { return nil }
        let body = inbound.takeAll()
        connection.consume(body.readableBytes, of: self)
        return body
    }
}
