import Logging
import NIOCore
import TLS

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

    func set(up channel: any Channel, _ share: ConnectionShare) throws {
        let tls = try options.tls.map { try secure(channel, $0) }
        if let observer = options.observer { try channel.pipeline.syncOperations.addHandler(ByteCounter(observer)) }
        let sniffer = ProtocolSniffer(timeout: options.prefaceTimeout) { choice, channel in
            // HTTP begins after the handshake: by then it is known who is there.
            let peer = tls?.peer ?? .unchecked
            switch choice {
            case .http2: try channel.pipeline.syncOperations.addHandler(makeConnection(channel, peer, share))
            case .http1: try installHTTP1(channel, peer, share)
            }
        }
        try channel.pipeline.syncOperations.addHandler(sniffer)
    }

    private func secure(_ channel: any Channel, _ options: HTTPTLSOptions) throws -> TLSHandler {
        let session = try TLSSession(options.source.context)
        let handler = TLSHandler(session, timeout: options.handshakeTimeout, endsWithCertificate: true)
        try channel.pipeline.syncOperations.addHandler(handler)
        return handler
    }

    private func installHTTP1(_ channel: any Channel, _ peer: HTTPPeer, _ share: ConnectionShare) throws {
        guard let http1 = options.http1 else { throw HTTPTransportError.protocolNotServed }
        try http1(channel, peer, share)
    }

    private func makeConnection(_ channel: any Channel, _ peer: HTTPPeer, _ share: ConnectionShare) -> HTTPConnection {
        let loop = channel.eventLoop
        let executor = executors[ObjectIdentifier(loop)] ?? EventLoopTaskExecutor(loop)
        let side = HTTPConnection.ServerSide(
            handler: handler, options: options, executor: executor, peer: peer, share: share)
        return HTTPConnection(side: .server(side), options: options.connection, loop: loop, logger: logger)
    }
}
