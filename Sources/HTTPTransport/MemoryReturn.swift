import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Decides when memory goes back to the system: after much of what was held is held no more.
///
/// glibc gives back only what lies at the top of a heap, and a single live byte above keeps all the rest: after a crowd
/// of connections has gone, a process would stay as large as at its worst.
package struct MemoryReturn: Sendable {
    /// What is worth the walk through the heaps, which stops each thread for a moment.
    private static let worth = 32 << 20
    /// Measured: a connection with an HTTP/2 session, and a request with its handler.
    private static let bytesPerConnection = 24 << 10
    private static let bytesPerRequest = 16 << 10

    private var peak = 0

    package init() {}

    /// Whether less than half is held of what was held at some look since the last time.
    package mutating func isDue(connections: Int, requests: Int, bodyBytes: Int) -> Bool {
        let held = connections * Self.bytesPerConnection + requests * Self.bytesPerRequest + bodyBytes
        peak = max(peak, held)
        guard held <= peak / 2, peak - held >= Self.worth else { return false }
        peak = held
        return true
    }
}

/// Looks at a server's load as long as the server listens.
final class MemoryWatch: Sendable {
    private typealias Trim = @convention(c) (Int) -> CInt

    private let load: ServerLoad
    private let state = Mutex(MemoryReturn())

    init(_ load: ServerLoad) { self.load = load }

    func run(every interval: Duration, with channel: any Channel) {
        let interval = TimeAmount(interval)
        let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.look() }
        channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    private func look() {
        let sum = load.sum
        let isDue = state.withLock {
            $0.isDue(connections: sum.connections, requests: sum.requests, bodyBytes: sum.bodyBytes)
        }
        // Not on an event loop: it takes tens of milliseconds after the worst of times.
        if isDue { NIOThreadPool.singleton.submit { _ in Self.trim() } }
    }

    /// By name, because Swift's module of the C library leaves it out, and other C libraries than glibc do not have it.
    private static func trim() {
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}
