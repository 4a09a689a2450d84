import Dispatch
import Glibc

/// Runs `body`, cancelled by SIGINT or SIGTERM; a run that ends by one of these ends well.
func withInterruption(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let work = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { @Sendable in work.cancel() }
        source.resume()
        return source
    }
    defer { for source in sources { source.cancel() } }
    do { try await work.value } catch  where work.isCancelled {}
}
