import DNAProtocol
import Logging
import ServiceKit
import Synchronization

/// Brings every signer the newest roster epoch, so that a revocation binds it whatever it is shown meanwhile.
final class RosterDelivery: Sendable {
    private let nodes: NodeDesk
    private let signers: [SignerConnection]
    private let logger: Logger
    /// The newest epoch that each signer has confirmed, with those before it.
    private let confirmed = Mutex<[Int: Int]>([:])

    init(nodes: NodeDesk, signers: [SignerConnection], logger: Logger) {
        self.nodes = nodes
        self.signers = signers
        self.logger = logger
    }

    /// Brings an epoch to everybody who has confirmed none as new; gives those who did not take it.
    func deliver(_ signed: SignedRoster) async -> [Int] {
        let epoch = signed.roster.epoch
        let awaited = confirmed.withLock { confirmed in
            signers.filter { (confirmed[$0.identifier] ?? 0) < epoch }
        }
        return await withTaskGroup(of: Int?.self) { group in
            for signer in awaited { group.addTask { await self.takes(signed, signer) ? nil : signer.identifier } }
            return await group.reduce(into: []) { missed, signer in if let signer { missed.append(signer) } }.sorted()
        }
    }

    private func takes(_ signed: SignedRoster, _ signer: SignerConnection) async -> Bool {
        do {
            let pinned = try await signer.deliver(signed)
            do {
                try await fill(pinned, signer)
                confirmed.withLock { $0[signer.identifier] = max($0[signer.identifier] ?? 0, pinned.epoch) }
            } catch {
                note("missed rosters not delivered", signer, pinned.epoch, error)
            }
            return pinned.epoch >= signed.roster.epoch
        } catch {
            note("roster not delivered", signer, signed.roster.epoch, error)
            return false
        }
    }

    /// Brings the epochs that a signer missed, backwards, for each names the one before: it may be asked to sign a decision
    /// that was made under one of them.
    private func fill(_ pinned: PinnedRoster, _ signer: SignerConnection) async throws {
        var pinned = pinned
        while let missing = pinned.missing, let successor = try await nodes.store.roster(epoch: missing + 1) {
            pinned = try await signer.deliver(successor)
            // A signer that learns nothing would be asked for ever.
            guard pinned.missing.map({ $0 < missing }) ?? true else { return }
        }
    }

    private func note(_ what: Logger.Message, _ signer: SignerConnection, _ epoch: Int, _ error: any Error) {
        logger.notice(
            what, metadata: ["signer": "\(signer.identifier)", "epoch": "\(epoch)", "reason": "\(error)"])
    }

    /// Brings each new epoch, and again, with growing pauses, to those who did not take it; until cancelled.
    func run() async {
        var pauses = RetryPolicy()
        pauses.base = .seconds(1)
        pauses.maximum = .seconds(30)
        await nodes.doorbells.notices.waiting(for: .roster) { wakeup in
            var failures = 0
            while !Task.isCancelled {
                failures = await isDelivered() ? 0 : failures + 1
                if failures == 0 {
                    await wakeup.wait()
                } else {
                    let pause = pauses.delay(after: failures)
                    await wakeup.wait { try await Task.sleep(for: pause) }
                }
            }
        }
    }

    private func isDelivered() async -> Bool {
        guard let newest = try? await nodes.newestRoster() else { return false }
        _ = await deliver(newest.signed)
        let epoch = newest.signed.roster.epoch
        return confirmed.withLock { confirmed in signers.allSatisfy { (confirmed[$0.identifier] ?? 0) >= epoch } }
    }
}
