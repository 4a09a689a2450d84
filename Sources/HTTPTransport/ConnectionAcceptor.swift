import Logging
import NIOCore

/// Builds the pipeline of an accepted connection: TLS if any, then the sniffer, then what it chose.
struct ConnectionAcceptor: Sendable {
    private let options: HTTPServerOptions
    private let logger: Logger
    private let handler: any HTTPRequestHandler
    private let executors: [ObjectIdentifier: EventLoopTaskExecutor]

    init(options: HTTPServerOptions, group: any EventLoopGroup, logger: Logger, handler: any HTTPRequestHandler) {
        self.options = options
        self.logger = logger
        self.handler = handler
        var executors: [ObjectIdentifier: EventLoopTaskExecutor] = [:]
        for loop in group.makeIterator() { executors[ObjectIdentifier(loop)] = EventLoopTaskExecutor(loop) }
        self.executors = executors
    }

    func set(up channel: any Channel) throws {
        try options.secure?(channel)
        if let observer = options.observer { try channel.pipeline.syncOperations.addHandler(ByteCounter(observer)) }
        let sniffer = ProtocolSniffer(timeout: options.prefaceTimeout) { choice, channel in
            switch choice {
            case .http2: try channel.pipeline.syncOperations.addHandler(makeConnection(channel))
            case .http1: try installHTTP1(channel)
            }
        }
        try channel.pipeline.syncOperations.addHandler(sniffer)
    }

    private func installHTTP1(_ channel: any Channel) throws {
        guard let http1 = options.http1 else { throw HTTPTransportError.protocolNotServed }
        try http1(channel)
    }

    private func makeConnection(_ channel: any Channel) -> HTTPConnection {
        let loop = channel.eventLoop
        let executor = executors[ObjectIdentifier(loop)] ?? EventLoopTaskExecutor(loop)
        let side = HTTPConnection.ServerSide(handler: handler, options: options, executor: executor)
        return HTTPConnection(side: .server(side), options: options.connection, loop: loop, logger: logger)
    }
}
