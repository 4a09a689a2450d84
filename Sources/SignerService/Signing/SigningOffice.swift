import DNAProtocol
import ServiceKit
import Synchronization

/// Whether this signer can sign yet, and if not, why.
final class SigningOffice: Sendable {
    private enum State {
        case closed(@Sendable () async -> String)
        case open(SigningDesk, NetworkFile)
    }

    private let state = Mutex(State.closed { "starting" })

    /// Says why it is closed, for as long as it is.
    func close(because reason: @escaping @Sendable () async -> String) { state.withLock { $0 = .closed(reason) } }

    func open(_ desk: SigningDesk, _ file: NetworkFile) { state.withLock { $0 = .open(desk, file) } }

    /// The desk. Throws ``ServiceError`` while there is none.
    func desk() async throws -> SigningDesk { try await opened().desk }

    /// The network file. Throws ``ServiceError`` while there is none.
    func networkFile() async throws -> NetworkFile { try await opened().file }

    private func opened() async throws -> (desk: SigningDesk, file: NetworkFile) {
        switch state.withLock({ $0 }) {
        case .open(let desk, let file): return (desk, file)
        case .closed(let reason): throw ServiceError(.unavailable, await reason())
        }
    }
}
