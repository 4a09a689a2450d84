public import HTTPTransport
import HTTPTypes
public import Hummingbird
public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle

/// How an HTTP service listens.
public struct HTTPServiceOptions: Sendable {
    /// Address, port and limits of the transport.
    public var server = HTTPServerOptions()
    /// Whether the port also answers HTTP/1.1: the gateway's does.
    public var servesHTTP1 = false

    /// HTTP/2 only.
    public init(host: String = "127.0.0.1", port: Int = 0, servesHTTP1: Bool = false) {
        server.host = host
        server.port = port
        self.servesHTTP1 = servesHTTP1
    }
}

extension Problem {
    /// The problem as the transport answers it without a handler.
    fileprivate var refusal: (head: HTTPResponse, body: ByteBuffer) {
        var fields = headers
        fields[.contentType] = Self.mediaType
        return (HTTPResponse(status: .init(code: status), headerFields: fields), json())
    }
}

/// A router on a port, as a service that starts, runs and shuts down gracefully.
public final class HTTPService: Service {
    private let options: HTTPServiceOptions
    private let handler: RouterHandler
    private let group: any EventLoopGroup
    private let logger: Logger
    private let bound: EventLoopPromise<Int>

    /// A service that binds when it runs. The router is complete: routes added later are not served.
    ///
    /// - Parameter metrics: where its requests and connections are counted.
    public init(
        router: ServiceRouter, options: HTTPServiceOptions, logger: Logger, group: (any EventLoopGroup)? = nil,
        metrics: MetricsRegistry = MetricsRegistry()
    ) {
        router.refuseOtherMethods()
        self.options = options
        self.logger = logger
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        handler = RouterHandler(responder: router.buildResponder(), logger: logger, metrics: HTTPMetrics(metrics))
        bound = self.group.any().makePromise()
    }

    deinit {
        // A second completion is ignored; this one is for a service that never ran.
        bound.fail(HTTPTransportError.shutDown)
    }

    /// The port, once it is bound. Throws when binding failed.
    public func port() async throws -> Int {
        try await bound.futureResult.get()
    }

    /// Listens until graceful shutdown or cancellation, then lets open requests end.
    public func run() async throws {
        let server: HTTPServer
        do {
            server = try await HTTPServer.start(transportOptions, group: group, logger: logger, handler: handler)
        } catch {
            bound.fail(error)
            throw error
        }
        bound.succeed(server.port)
        logger.info("listening", metadata: ["host": "\(options.server.host)", "port": "\(server.port)"])
        // Cancelled or asked to stop: either way it is time to go.
        try? await gracefulShutdown()
        await server.shutdown()
        logger.info("stopped")
    }

    private var transportOptions: HTTPServerOptions {
        var transport = options.server
        transport.observer = handler.metrics.connectionObserver
        let late = Problem(.deadlineExceeded, "not in time")
        transport.deadlineResponse = late.refusal
        transport.overloadResponse = Problem.overloaded.refusal
        transport.slowBodyResponse = Problem.slowBody.refusal
        if options.servesHTTP1 {
            let responder = HTTP1Responder(handler: handler, options: transport, logger: logger)
            transport.http1 = { try responder.install($0, $1, $2) }
        }
        return transport
    }
}
