package import HTTPTransport
import Logging
import ServiceKit
import ServiceLifecycle

/// Fetches the other signers' messages until the key generation is over.
package struct KeyGenerationService: Service {
    /// How long a peer may let this signer wait for a message.
    static let longPoll = Duration.seconds(25)

    private let generator: KeyGenerator
    private let board: MessageBoard
    private let peers: [Int: JSONClient]
    private let finish: @Sendable (KeyGenerator.Standing) throws -> Void

    /// - Parameter finish: called once, when the ceremony is over.
    package init(
        generator: KeyGenerator, board: MessageBoard, peers: [Int: HTTPOrigin], client: HTTPClient,
        finish: @escaping @Sendable (KeyGenerator.Standing) throws -> Void
    ) {
        self.generator = generator
        self.board = board
        // The loop around the calls repeats them.
        self.peers = peers.mapValues { JSONClient(client, origin: $0, retry: .never) }
        self.finish = finish
    }

    /// Takes part until there is a key, or somebody made one impossible. Throws when the state cannot be written.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await generator.start()
            try await meet()
            try Task.checkCancellation()
            try finish(await generator.standing)
        }
    }

    private func meet() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (peer, client) in peers { group.addTask { try await follow(peer, client) } }
            while try await group.next() != nil {
                // Once it is over nobody needs to be waited for; until then every peer has something to say.
                if case .waiting = await generator.standing { continue }
                group.cancelAll()
            }
        }
    }

    private func follow(_ peer: Int, _ client: JSONClient) async throws {
        let backoff = RetryPolicy()
        var failures = 0
        while let step = await generator.awaitedStep(of: peer), !Task.isCancelled {
            if let messages = await fetch(step, from: peer, client), try await generator.take(messages, from: peer) {
                failures = 0
            } else {
                failures += 1
                // Ends early when the service stops, which the loop sees.
                try? await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    private func fetch(
        _ step: KeyGenerationMessage.Step, from peer: Int, _ client: JSONClient
    ) async -> [KeyGenerationMessage]? {
        let path = "/v1/key-generation/messages?step=\(step.rawValue)&wait=\(Self.longPoll.components.seconds)"
        do {
            let reply = try await client.get(
                path, as: KeyGenerationMessages.self, deadline: Self.longPoll + .seconds(10))
            return reply.messages
        } catch {
            if !Task.isCancelled { await generator.refuse(peer, (error as? ServiceError)?.message ?? "no answer") }
            return nil
        }
    }
}
