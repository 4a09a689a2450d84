import HTTPTransport
import Synchronization

/// What is known of each gateway: who is asked next, who has to rest, who is never asked again.
final class GatewayBoard: Sendable {
    private struct Entry {
        var inFlight = 0
        var failures = 0
        var restsUntil: ContinuousClock.Instant?
        var ban: String?

        var load: Int { inFlight + 4 * failures }
    }

    /// What to do about a block.
    enum Choice: Sendable {
        /// Ask this one.
        case ask(Int)
        /// Nobody can be asked before then.
        case wait(until: ContinuousClock.Instant)
        /// All that are left have been asked.
        case exhausted
        /// Every gateway is banned.
        case allBanned
    }

    private static let longestRest: Duration = .seconds(30)
    /// How long others wait when every gateway has as many questions as it gets.
    private static let crowdedWait: Duration = .milliseconds(20)

    let gateways: [StorageEndpoint]
    private let atOnce: Int
    private let rest: Duration
    private let entries: Mutex<[Entry]>

    /// - Parameters:
    ///   - atOnce: questions to one gateway at the same time.
    ///   - rest: after a first failure; doubled with each further one.
    init(_ gateways: [StorageEndpoint], atOnce: Int, rest: Duration) {
        self.gateways = gateways
        self.atOnce = atOnce
        self.rest = rest
        entries = Mutex(gateways.map { _ in Entry() })
    }

    /// The least busy gateway that was not asked yet; the caller tells the outcome.
    func choose(excluding asked: Set<Int>, now: ContinuousClock.Instant = .now) -> Choice {
        entries.withLock { entries in
            let standing = entries.indices.filter { entries[$0].ban == nil }
            if standing.isEmpty { return .allBanned }
            let left = standing.filter { !asked.contains($0) }
            if left.isEmpty { return .exhausted }
            let awake = left.filter { entries[$0].restsUntil.map { $0 <= now } ?? true }
            let free = awake.filter { entries[$0].inFlight < atOnce }
            if let best = free.min(by: { entries[$0].load < entries[$1].load }) {
                entries[best].inFlight += 1
                return .ask(best)
            }
            if !awake.isEmpty { return .wait(until: now + Self.crowdedWait) }
            return .wait(until: left.compactMap { entries[$0].restsUntil }.min() ?? now)
        }
    }

    /// What came of a question.
    enum Outcome: Sendable {
        case block
        /// It has not got the block; nothing is wrong with it.
        case hasNot
        /// It gave no answer in time, or one that is no answer.
        case failed(after: Duration?)
        /// It gave wrong bytes.
        case lied(String)
        /// The question was given up.
        case cancelled
    }

    /// Returns the reason when the gateway was banned by this.
    func note(_ outcome: Outcome, of gateway: Int, now: ContinuousClock.Instant = .now) -> String? {
        entries.withLock { entries in
            entries[gateway].inFlight -= 1
            switch outcome {
            case .block, .hasNot:
                entries[gateway].failures = 0
                entries[gateway].restsUntil = nil
            case .failed(let after):
                // Questions that were under way at the same time are one failure.
                guard entries[gateway].restsUntil.map({ $0 <= now }) ?? true else { return nil }
                let pause = after ?? rest * (1 << min(entries[gateway].failures, 16))
                entries[gateway].failures += 1
                entries[gateway].restsUntil = now + min(pause, Self.longestRest)
            case .lied(let reason):
                guard entries[gateway].ban == nil else { return nil }
                entries[gateway].ban = reason
                return reason
            case .cancelled: break
            }
            return nil
        }
    }

    /// The banned ones and why.
    var bans: [String] {
        entries.withLock { entries in
            zip(gateways, entries).compactMap { gateway, entry in entry.ban.map { "\(gateway): \($0)" } }
        }
    }
}
