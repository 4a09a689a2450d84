import CoordinatorStore
import DNAProtocol
import Logging
import Postgres
import ServiceKit

/// Makes the network, its roster and its models known to the database, and its network file to this replica.
struct Registration: Sendable {
    let options: AggregatorOptions
    let store: AggregatorStore
    let signers: [SignerConnection]
    let keys: GroupKeys
    let logger: Logger

    /// The longest pause between two attempts at something that will be there.
    private static let longestPause: Duration = .seconds(2)

    /// Registers what the options say; waits for the database as long as it takes. Throws when the database or the
    /// options are wrong.
    func register() async throws {
        try await persistently("database") {
            try await store.register(options.genesis)
            try await store.register(options.roster)
            for model in options.models { try await store.register(model) }
        }
    }

    /// Reads the network file from the database, or else from the signers as soon as they have one.
    func learnNetworkFile() async throws {
        try await persistently("network file") {
            if let file = try await store.network()?.file {
                try keys.take(file)
            } else {
                let file = try await ask()
                try await store.record(file)
                try keys.take(file)
            }
            logger.info("network file known", metadata: ["group_key": "\(keys.known?.file.groupKey.hex ?? "")"])
        }
    }

    /// The first valid network file of any signer.
    private func ask() async throws -> NetworkFile {
        let file = await withTaskGroup(of: NetworkFile?.self) { group in
            for signer in signers { group.addTask { await valid(from: signer) } }
            for await case .some(let file) in group {
                group.cancelAll()
                return NetworkFile?.some(file)
            }
            return nil
        }
        guard let file else { throw ServiceError(.unavailable, "no signer has a network file yet") }
        return file
    }

    private func valid(from signer: SignerConnection) async -> NetworkFile? {
        guard let file = try? await signer.networkFile() else { return nil }
        do {
            try file.validate()
            guard file.genesis == options.genesis else { throw InvalidField("genesis", "is not this network's") }
            return file
        } catch {
            logger.error("invalid network file", metadata: ["signer": "\(signer.identifier)", "reason": "\(error)"])
            return nil
        }
    }

    private func persistently(_ what: String, _ body: () async throws -> Void) async throws {
        var pause: Duration = .milliseconds(100)
        while true {
            do {
                return try await body()
            } catch  where error.mayPass {
                logger.notice("not yet", metadata: ["what": "\(what)", "reason": "\(error)"])
                try await Task.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }
}

extension Error {
    /// Whether the same call may succeed later.
    var mayPass: Bool {
        switch self {
        case let error as PostgresError: error.isRetryable || error == .commitOutcomeUnknown
        case let error as ServiceError: error.isRetryable
        default: false
        }
    }
}
