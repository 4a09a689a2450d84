import Synchronization

/// How long one waits before asking again.
public struct Patience: Sendable {
    /// Rounds over all nodes, the first included.
    public var rounds = 8
    /// The wait before the second round; it doubles each time.
    public var base: Duration = .seconds(1)
    /// The longest wait, whatever a node asks for.
    public var maximum: Duration = .seconds(60)
    /// How waiting is done.
    public var wait: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    /// The numbers above.
    public init() {}

    func delay(before round: Int, asked: Duration?) -> Duration {
        min(max(base * (1 << min(round - 1, 20)), asked ?? .zero), maximum)
    }
}

/// Several nodes that stand in for each other.
public final class ArweaveNodes: Sendable {
    private let nodes: [ArweaveNode]
    let patience: Patience
    private let banned = Mutex<[Int: ArweaveFailure]>([:])

    /// At least one node, the preferred one first.
    public init(_ nodes: [ArweaveNode], patience: Patience = Patience()) {
        precondition(!nodes.isEmpty, "no node")
        self.nodes = nodes
        self.patience = patience
    }

    /// How many there are.
    public var count: Int { nodes.count }

    /// The failures for which nodes are not asked any more.
    public var bans: [ArweaveFailure] { banned.withLock { $0.values.sorted { $0.node < $1.node } } }

    /// Each node that may still be asked, alone.
    var singly: [ArweaveNodes] { order(0).map { ArweaveNodes([nodes[$0]], patience: patience) } }

    /// A recent block's hash from the first node that answers.
    package func anchor() async throws -> [UInt8] { try await ask { try await $0.anchor() } }

    /// Asks one node after the other until one answers; in rounds, as long as one of them may answer later.
    ///
    /// - Parameter start: the node to begin with, so that many requests are spread.
    /// - Throws: the last ``ArweaveFailure``, and `CancellationError`.
    func ask<R: Sendable>(
        startingAt start: Int = 0, _ question: (ArweaveNode) async throws -> R
    ) async throws -> R {
        var last: ArweaveFailure?
        for round in 0..<patience.rounds {
            if round > 0 {
                try await patience.wait(patience.delay(before: round, asked: last?.retryAfter))
            }
            var helps = false
            for index in order(start) {
                do {
                    return try await question(nodes[index])
                } catch let failure as ArweaveFailure {
                    last = failure
                    switch failure.remedy {
                    case .nothing: throw failure
                    case .ban: ban(index, failure)
                    case .otherNode: break
                    case .patience: helps = true
                    }
                }
            }
            guard helps else { break }
        }
        throw last ?? bans[0]  // without a node that may be asked there is one that is banned
    }

    private func order(_ start: Int) -> [Int] {
        let banned = banned.withLock { Set($0.keys) }
        return nodes.indices.map { ($0 + start) % nodes.count }.filter { !banned.contains($0) }
    }

    private func ban(_ index: Int, _ failure: ArweaveFailure) {
        banned.withLock { $0[index] = $0[index] ?? failure }
    }
}
