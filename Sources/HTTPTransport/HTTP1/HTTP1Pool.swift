import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TLS

/// A connection, reachable from any thread.
final class HTTP1Slot: Sendable {
    let channel: any Channel
    let bound: NIOLoopBound<HTTP1Connection>

    init(_ channel: any Channel, _ bound: NIOLoopBound<HTTP1Connection>) {
        self.channel = channel
        self.bound = bound
    }
}

/// The connections of an HTTP/1.1 client: each serves one request at a time and then waits a while for the next.
final class HTTP1Pool: Sendable {
    private struct State {
        var idle: [HTTPOrigin: [(slot: HTTP1Slot, since: NIODeadline)]] = [:]
        var counts: [HTTPOrigin: Int] = [:]
        var open: [ObjectIdentifier: HTTP1Slot] = [:]
        var isShutDown = false
    }

    private let options: HTTP1ClientOptions
    private let group: any EventLoopGroup
    private let state = Mutex(State())
    /// Made when it is first needed: the system's authorities take a while to read.
    private let system = Mutex<HTTPTLSOptions?>(nil)

    init(options: HTTP1ClientOptions, group: any EventLoopGroup) {
        self.options = options
        self.group = group
    }

    func withCall<R: Sendable>(
        _ head: HTTPRequestHead, _ origin: HTTPOrigin, collects: Int?, deadline: Duration?, stall: Duration,
        onNewConnection: Bool, _ body: (HTTP1Exchange) async throws -> R
    ) async throws -> R {
        let end = deadline.map { NIODeadline.now() + TimeAmount($0) }
        try reserve(origin)
        defer { release(origin) }
        let slot = onNewConnection ? try await connect(origin) : try await take(origin)
        let loop = slot.channel.eventLoop
        let (call, over) = try await loop.submit {
            let call = HTTP1Call(collects: collects, stall: TimeAmount(stall))
            let over = loop.makePromise(of: Bool.self)
            let connection = slot.bound.value
            connection.onIdle = { over.succeed($0) }
            do {
                try connection.begin(call, head, deadline: end.map { $0 - .now() })
            } catch {
                over.succeed(false)
                throw error
            }
            return (NIOLoopBound(call, eventLoop: loop), over.futureResult)
        }.get()
        let exchange = HTTP1Exchange(loop, slot.bound, call)
        do {
            let result = try await body(exchange)
            exchange.abandon()
            if try await over.get() { keep(slot, origin) }
            return result
        } catch {
            exchange.abandon()
            if Task.isCancelled { throw CancellationError() }
            throw error
        }
    }

    // MARK: Connections

    private func reserve(_ origin: HTTPOrigin) throws(HTTPTransportError) {
        let refusal: HTTPTransportError? = state.withLock { state in
            if state.isShutDown { return .shutDown }
            let count = state.counts[origin, default: 0]
            if count >= options.connectionsPerOrigin { return .tooManyRequests }
            state.counts[origin] = count + 1
            return nil
        }
        if let refusal { throw refusal }
    }

    private func release(_ origin: HTTPOrigin) {
        state.withLock { state in
            let count = state.counts[origin, default: 1] - 1
            state.counts[origin] = count > 0 ? count : nil
        }
    }

    private func take(_ origin: HTTPOrigin) async throws -> HTTP1Slot {
        let now = NIODeadline.now()
        let (found, old): (HTTP1Slot?, [HTTP1Slot]) = state.withLock { state in
            guard var idle = state.idle.removeValue(forKey: origin) else { return (nil, []) }
            let old = idle.filter { $0.since + TimeAmount(options.idleTimeout) < now }.map(\.slot)
            idle.removeAll { entry in old.contains { $0 === entry.slot } }
            let found = idle.popLast()?.slot
            if !idle.isEmpty { state.idle[origin] = idle }
            return (found, old)
        }
        for slot in old { slot.channel.close(promise: nil) }
        if let found, found.channel.isActive { return found }
        return try await connect(origin)
    }

    private func keep(_ slot: HTTP1Slot, _ origin: HTTPOrigin) {
        let isKept = state.withLock { state in
            guard !state.isShutDown else { return false }
            state.idle[origin, default: []].append((slot, .now()))
            return true
        }
        if !isKept { slot.channel.close(promise: nil) }
    }

    private func connect(_ origin: HTTPOrigin) async throws -> HTTP1Slot {
        let loop = group.next()
        let options = options
        let tls: HTTPTLSOptions? = origin.isSecure ? try tlsOptions() : nil
        let made = NIOLoopBoundBox.makeBoxSendingValue([ObjectIdentifier: HTTP1Connection](), eventLoop: loop)
        let slot: HTTP1Slot
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(
                    .writeBufferWaterMark,
                    value: .init(low: options.writeHighWaterMark / 2, high: options.writeHighWaterMark)
                )
                // Larger ones are mapped and unmapped for each read, which costs more than the calls they save.
                .channelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65_536, maximum: 65_536)
                )
                .connectTimeout(TimeAmount(options.connectTimeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = HTTP1Connection(options: options)
                        try Self.fill(channel, connection, origin, tls, options)
                        made.value[ObjectIdentifier(channel)] = connection
                    }
                }
                .connect(host: origin.host, port: origin.port).get()
            slot = try await loop.submit {
                guard let connection = made.value[ObjectIdentifier(channel)] else {
                    throw ChannelError.inappropriateOperationForState
                }
                return HTTP1Slot(channel, NIOLoopBound(connection, eventLoop: loop))
            }.get()
        } catch {
            throw Self.failure(error, origin)
        }
        remember(slot, origin)
        return slot
    }

    private static func fill(
        _ channel: any Channel, _ connection: HTTP1Connection, _ origin: HTTPOrigin, _ tls: HTTPTLSOptions?,
        _ options: HTTP1ClientOptions
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            let session = try TLSSession(tls.source.context, host: origin.host)
            try pipeline.addHandler(TLSHandler(session, timeout: tls.handshakeTimeout, endsWithCertificate: false))
        }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = options.fieldBytes
        limits.maxHeaderListSize = options.fieldBytes
        limits.maxHeaderFieldCount = options.fieldCount
        try pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .dropBytes, enableOutboundHeaderValidation: true, encoderConfiguration: .init(),
            decoderLimitConfiguration: limits)
        try pipeline.addHandler(connection)
    }

    private func tlsOptions() throws(HTTPTransportError) -> HTTPTLSOptions {
        if let tls = options.tls { return tls }
        do {
            return try system.withLock { system throws(TLSError) in
                if let system { return system }
                let context = try TLSContext.client(authorities: [], protocols: ["http/1.1"], requiresProtocol: false)
                let made = HTTPTLSOptions(TLSContextSource(context))
                system = made
                return made
            }
        } catch {
            throw .connectFailed(origin: "https", reason: "\(error)")
        }
    }

    private static func failure(_ error: any Error, _ origin: HTTPOrigin) -> HTTPTransportError {
        switch error {
        case ChannelError.connectTimeout: .connectTimedOut(origin: origin.description)
        default: .connectFailed(origin: origin.description, reason: "\(error)")
        }
    }

    private func remember(_ slot: HTTP1Slot, _ origin: HTTPOrigin) {
        state.withLock { $0.open[ObjectIdentifier(slot)] = slot }
        slot.channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.open[ObjectIdentifier(slot)] = nil
                state.idle[origin]?.removeAll { $0.slot === slot }
                if state.idle[origin]?.isEmpty == true { state.idle[origin] = nil }
            }
        }
    }

    func shutDown() async {
        let open = state.withLock { state in
            state.isShutDown = true
            return Array(state.open.values)
        }
        for slot in open {
            slot.channel.close(promise: nil)
            // However it ends, it has ended.
            try? await slot.channel.closeFuture.get()
        }
    }
}
