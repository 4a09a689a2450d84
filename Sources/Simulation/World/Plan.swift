import Consensus
import DNAProtocol

/// What a lying worker does.
package enum Lie: Hashable, Sendable, CaseIterable {
    /// Votes for an answer of its own.
    case own
    /// Votes for the answer all colluders agreed on.
    case shared
    /// Commits to something, and then votes what another one votes.
    case copy
    /// Sends two commitments; or votes for the truth, and signs another vote as well.
    case equivocate
    /// Takes work and does nothing; or commits and does not vote.
    case stall
}

/// What a malicious signer does.
package enum Betrayal: Hashable, Sendable, CaseIterable {
    /// Signs whatever it is sent.
    case signAnything
    /// Reveals shares that are wrong.
    case badShare
    /// Refuses everything.
    case refuse
}

/// A part that is broken on purpose, to see that it is missed.
package enum Mutation: String, Hashable, Sendable, CaseIterable {
    /// One vote is a quorum, for aggregators and signers.
    case weakQuorum
    /// Signers do not look at the nodes' signatures, on commitments and on votes.
    case uncheckedSignatures
    /// Signers use their nonces again.
    case nonceReuse
    /// Signers forget what they have signed when they stop.
    case forgottenDecisions
    /// Signers take a roster epoch that is over.
    case oldRoster
    /// The database lets an owner write whose lease is another's.
    case ignoredLease
    /// Workers forget what they have promised when they stop.
    case forgottenJournal
    /// Nobody looks whether a vote opens its commitment.
    case uncheckedOpening
    /// Aggregators count nodes that contradicted themselves.
    case countedContradictions
}

/// What a run is about, beside its seed.
package struct Options: Hashable, Sendable {
    /// Whether fewer than a quorum of workers lie, and fewer than 2t − n signers.
    package enum Premise: String, Hashable, Sendable, CaseIterable {
        case kept
        /// A quorum colludes.
        case lyingQuorum
        /// 2t − n signers sign anything.
        case maliciousSigners
    }

    package var premise = Premise.kept
    /// What is broken on purpose.
    package var mutation: Mutation?

    /// The premises hold, and nothing is broken.
    package init(premise: Premise = .kept, mutation: Mutation? = nil) {
        self.premise = premise
        self.mutation = mutation
    }
}

/// Everything that is drawn before the first event.
struct Plan {
    let shape: Shape
    let liars: [Int: Lie]
    let traitors: [Int: Betrayal]
    let replicas: Int
    let maliciousReplica: Int?
    let hasAttacker: Bool
    /// When no faults happen any more.
    let healing: Int64
    let loss: Int
    let duplication: Int
    let delay: ClosedRange<Int>
    let databaseFailure: Int
    /// In a thousand, at every step of a process.
    let crash: Int
    let timeouts: Timeouts
    let requests: [Int64]
    let revocations: [(at: Int64, node: Int)]
    let partitions: [(from: Int64, until: Int64)]
    let outages: [(from: Int64, until: Int64)]
    let skews: [Int64]

    struct Timeouts {
        /// Seconds, as `vote`: longer than two clocks may differ, and a node computes.
        let commit: Int64
        let vote: Int64
        /// Milliseconds.
        let lease: Int64
        let lifetime: Int64
    }

    init(_ dice: inout Dice, _ options: Options) {
        shape = dice.pick(Shape.all)
        let nodes = shape.operators.flatMap { entry in (0..<entry.nodes).map { _ in entry } }.count
        liars = Self.liars(shape, nodes, options, &dice)
        traitors = Self.traitors(shape, options, &dice)
        replicas = dice.number(2...3)
        let hostile = options.premise != .kept || options.mutation != nil
        maliciousReplica =
            dice.chance(options.mutation == .forgottenJournal ? 1_000 : hostile ? 500 : 250)
            ? dice.below(replicas) : nil
        hasAttacker = dice.chance(hostile ? 1_000 : 400)
        healing = Int64(dice.number(15_000...35_000))
        let isCalm = dice.chance(150)
        loss = isCalm ? 0 : dice.pick([0, 10, 50, 150])
        duplication = isCalm ? 0 : dice.pick([0, 20, 100])
        delay = 1...dice.pick([5, 50, 400, 2_000])
        databaseFailure = isCalm ? 0 : dice.pick([0, 10, 50])
        crash = hostile ? 10 : isCalm ? 0 : dice.pick([0, 2, 5, 15])
        timeouts = Timeouts(
            commit: Int64(dice.number(7...12)), vote: Int64(dice.number(3...6)),
            lease: Int64(dice.number(2_000...6_000)), lifetime: Int64(dice.number(25_000...45_000)))
        requests = (0..<dice.number(1...2)).map { _ in Int64(dice.below(10_000)) }.sorted()
        revocations =
            dice.chance(options.mutation == .oldRoster ? 1_000 : 350)
            ? [(Int64(dice.below(20_000)), dice.below(nodes))] : []
        let healing = healing
        func windows(_ dice: inout Dice) -> [(from: Int64, until: Int64)] {
            guard !isCalm else { return [] }
            return (0..<dice.below(3)).map { _ in
                let from = Int64(dice.below(Int(healing)))
                return (from, min(healing, from + Int64(dice.number(500...8_000))))
            }
        }
        partitions = windows(&dice)
        outages = windows(&dice).map { ($0.from, min($0.until, $0.from + 3_000)) }
        skews = (0..<replicas + shape.signers).map { _ in Int64(dice.number(-2_000...2_000)) }
    }

    private static func liars(_ shape: Shape, _ nodes: Int, _ options: Options, _ dice: inout Dice) -> [Int: Lie] {
        var together: Lie? = options.premise == .lyingQuorum ? .shared : dice.pick([nil, .shared, nil, .copy])
        if options.mutation == .countedContradictions { together = .equivocate }
        var liars: [Int: Lie] = [:]
        let order = dice.shuffled(Array(0..<nodes))
        let wish = options.premise == .lyingQuorum ? nodes : dice.below(nodes)
        for node in order.prefix(wish) {
            var trial = liars
            trial[node] = together ?? dice.pick(Lie.allCases)
            // Of those who only stall there may be more: they endanger no answer, and then nothing is promised.
            if options.premise == .lyingQuorum || Premise.holds(shape, liars: Set(trial.keys)) { liars = trial }
        }
        if options.premise == .lyingQuorum, let honest = order.last { liars[honest] = nil }
        return liars
    }

    private static func traitors(_ shape: Shape, _ options: Options, _ dice: inout Dice) -> [Int: Betrayal] {
        let bound = 2 * shape.threshold - shape.signers
        let count = options.premise == .maliciousSigners ? bound : dice.below(bound)
        let chosen = dice.shuffled(Array(1...shape.signers)).prefix(count)
        var traitors: [Int: Betrayal] = [:]
        for signer in chosen {
            traitors[signer] = options.premise == .maliciousSigners ? .signAnything : dice.pick(Betrayal.allCases)
        }
        return traitors
    }
}

/// The premise of the promise: fewer than a quorum of any committee lie.
enum Premise {
    /// Whether these nodes can decide in no committee that may be drawn, whatever the ranking. Judged by operators, as if
    /// all nodes of one with a liar lied, against the lightest others that could be drawn with them.
    static func holds(_ shape: Shape, liars: Set<Int>, revoked: Set<Int> = []) -> Bool {
        var (lying, honest): ([Int], [Int]) = ([], [])
        var number = 0
        for entry in shape.operators {
            let nodes = Set(number..<number + entry.nodes)
            number += entry.nodes
            guard !nodes.isSubset(of: revoked) else { continue }
            if nodes.isDisjoint(with: liars) { honest.append(entry.weight) } else { lying.append(entry.weight) }
        }
        lying.sort(by: >)
        honest.sort()
        for size in shape.policy.committee...shape.policy.maximumCommittee {
            let drawn = min(size, lying.count + honest.count)
            let bad = lying.prefix(drawn)
            let good = honest.prefix(drawn - bad.count)
            let (weight, total) = (bad.reduce(0, +), bad.reduce(0, +) + good.reduce(0, +))
            let suffices = shape.policy.rule == .supermajority ? 3 * weight > 2 * total : 2 * weight > total
            if suffices, total > 0 { return false }
        }
        return true
    }
}
