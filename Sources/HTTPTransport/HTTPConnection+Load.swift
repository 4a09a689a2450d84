import HTTP2
import NIOCore

/// A server's connection whose peer does not take what it is sent: it is not read either, what waits for it counts, and
/// what cannot be answered is not kept.
extension HTTPConnection {
    /// What a channel may hold that its socket does not take: up to its high-water mark, and one write beyond.
    private static var unsentOutput: Int { HTTPServer.writeBufferHighWaterMark + outputSize }

    /// Whether the peer's bytes are left in the socket. Not a client's: two ends that both wait for the other to read
    /// would wait for ever.
    var isNotRead: Bool { share != nil && timers.unwritableSince != nil }

    func read(context: ChannelHandlerContext) {
        if isNotRead { isReadDue = true } else { context.read() }
    }

    /// The socket took what had waited: the peer is heard again.
    func outputTaken(_ context: ChannelHandlerContext) {
        releaseOutput()
        guard isReadDue else { return }
        isReadDue = false
        timers.lastRead = .now()
        timers.pingSent = nil
        context.read()
        armTimer()
    }

    /// Takes memory for what waits in the channel; without any left the connection is closed.
    func holdOutput() {
        guard heldOutput == 0, let share, !isTornDown else { return }
        guard share.hold(Self.unsentOutput) else { return closeNow("no memory for what the peer does not take") }
        heldOutput = Self.unsentOutput
    }

    func releaseOutput() {
        if heldOutput > 0 { _ = share?.hold(-heldOutput) }
        heldOutput = 0
    }

    /// Ends what had no place and could not be answered at once: nothing may wait that is not counted.
    func endRefused(_ context: ChannelHandlerContext) {
        let waiting = refused.filter { !$0.isClosed }
        refused.removeAll(keepingCapacity: true)
        if waiting.isEmpty { return }
        for stream in waiting {
            session.reset(stream.id, stream.outbound.pendingBytes == 0 ? .noError : .refusedStream)
        }
        _ = send(context)
        if !waiting.allSatisfy(\.isClosed) { closeNow("no room, and the peer takes nothing") }
    }
}
