import DNAProtocol
import Logging
import ServiceKit
import Synchronization

/// Brings every signer the newest roster epoch, so that a revocation binds it whatever it is shown meanwhile.
final class RosterDelivery: Sendable {
    private let nodes: NodeDesk
    private let signers: [SignerConnection]
    private let logger: Logger
    /// The newest epoch that each signer has confirmed.
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
            confirmed.withLock { $0[signer.identifier] = max($0[signer.identifier] ?? 0, pinned.epoch) }
            return pinned.epoch >= signed.roster.epoch
        } catch {
            logger.notice(
                "roster not delivered",
                metadata: [
                    "signer": "\(signer.identifier)", "epoch": "\(signed.roster.epoch)", "reason": "\(error)",
                ])
            return false
        }
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
        return await deliver(newest.signed).isEmpty
    }
}
