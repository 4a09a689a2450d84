public import Canonical
public import Cryptography
public import DNAProtocol

/// A request's ranking of a roster epoch, from which committees are drawn.
///
/// Operators are ranked first, each by the least of as many hashes as it has weight, which is exactly a weighted
/// draw without replacement. Within an operator nodes are ranked by one hash each. Rank 0… then goes to every
/// operator's first node in the operators' order, then to their second nodes, and so on: an operator gains nothing
/// from more nodes until the operators run out.
public struct CommitteeRanking: Hashable, Sendable {
    /// The roster's active nodes, by ascending rank.
    public let members: [Committee.Member]
    /// How many operators have an active node.
    public let operatorCount: Int

    /// Ranks the active nodes of `roster` by `randomness`.
    public init(of roster: Roster, randomness: Digest) {
        var nodes: [String: [Ed25519.PublicKey]] = [:]
        for node in roster.nodes where node.status == .active { nodes[node.operator, default: []].append(node.key) }
        let operators =
            roster.operators
            .filter { nodes[$0.name] != nil }
            .map { (name: $0.name, score: Self.score(of: $0, randomness)) }
            .sorted { $0.score < $1.score }
        let queues = operators.map { entry in
            (nodes[entry.name] ?? []).map { (key: $0, score: Self.score(of: $0, randomness)) }
                .sorted { $0.score < $1.score }
        }
        var members: [Committee.Member] = []
        for layer in 0..<(queues.map(\.count).max() ?? 0) {
            for (entry, queue) in zip(operators, queues) where layer < queue.count {
                members.append(.init(node: queue[layer].key, operator: entry.name, rank: members.count))
            }
        }
        self.members = members
        operatorCount = operators.count
    }

    private static func score(of entry: Roster.Operator, _ randomness: Digest) -> Digest {
        let name = Array(entry.name.utf8)
        let draws = (0..<max(0, min(entry.weight, Roster.maximumWeight))).map { draw in
            Digest.of("dna/rank-operator/1", randomness.bytes + [UInt8(draw)] + name)
        }
        return draws.min() ?? Digest.of("dna/rank-operator/1", randomness.bytes + name)
    }

    private static func score(of node: Ed25519.PublicKey, _ randomness: Digest) -> Digest {
        Digest.of("dna/rank-node/1", randomness.bytes + node.bytes)
    }

    /// Chooses `size` members from the first `size + spareRanks` ranks: those in `kept` first (the committee of the
    /// round before), then those `isAvailable` says can work, then the rest, each time by ascending rank; one of each
    /// operator while operators suffice.
    ///
    /// - Returns: the members by ascending rank; fewer than `size` when the roster is too small.
    public func choose(
        size: Int, spareRanks: Int, keeping kept: [Committee.Member] = [],
        isAvailable: (Ed25519.PublicKey) -> Bool
    ) -> [Committee.Member] {
        let window = members.prefix(max(0, size + spareRanks))
        let kept = Set(kept.map(\.node))
        var chosen: [Committee.Member] = []
        var operators: Set<String> = []
        func take(where accept: (Committee.Member) -> Bool) {
            for member in window where chosen.count < size && !chosen.contains(member) && accept(member) {
                chosen.append(member)
                operators.insert(member.operator)
            }
        }
        take { kept.contains($0.node) && !operators.contains($0.operator) }
        take { isAvailable($0.node) && !operators.contains($0.operator) }
        take { !operators.contains($0.operator) }
        if size > operatorCount {
            take { kept.contains($0.node) }
            take { isAvailable($0.node) }
            take { _ in true }
        }
        return chosen.sorted { $0.rank < $1.rank }
    }

    /// Whether `chosen` could be an honest choice from this ranking: from the first ranks, each member once, and one of
    /// each operator before any has two. Without the last, operators could be left out at will once there are fewer of
    /// them than members.
    public func admits(_ chosen: [Committee.Member], spareRanks: Int) -> Bool {
        let window = members.prefix(min(chosen.count + max(0, min(spareRanks, members.count)), members.count))
        guard !chosen.isEmpty,
            chosen.allSatisfy({ window.indices.contains($0.rank) && Self.isSame(window[$0.rank], $0) }),
            zip(chosen, chosen.dropFirst()).allSatisfy({ $0.rank < $1.rank })
        else { return false }
        return Set(chosen.map(\.operator)).count == min(chosen.count, operatorCount)
    }

    /// By bytes: what one language calls the same name, another may not.
    private static func isSame(_ left: Committee.Member, _ right: Committee.Member) -> Bool {
        left.node == right.node && left.operator.utf8.elementsEqual(right.operator.utf8)
    }
}

extension Committee {
    /// Whether it has as many members as `policy` allows in its round. A committee grows by rounds, so that a large one
    /// has been asked in small before.
    public func hasSize(of policy: Policy) -> Bool {
        guard (1...Self.maximumRound).contains(round), members.count >= policy.committee else { return false }
        return members.count <= min(policy.maximumCommittee, policy.committee + Self.growth * (round - 1))
    }
}
