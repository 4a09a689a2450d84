import Consensus
import DNAProtocol
import Threshold

/// One network in one thread: a manual clock, a queue of events, and all parties as values and objects that nobody else
/// sees.
final class World {
    /// The time of day at the simulation's beginning.
    static let epoch = Timestamp(seconds: 1_800_000_000)

    let plan: Plan
    let options: Options
    let town: Town
    var dice: Dice
    /// Milliseconds since the beginning.
    private(set) var now: Int64 = 0
    private var queue = EventQueue()
    private(set) var log = EventLog()
    var counters: [Counter: Int] = [:]
    var judge: Judge
    var rows = Rows()
    private(set) var workers: [SimulatedWorker] = []
    private(set) var replicas: [SimulatedReplica] = []
    private(set) var signers: [SimulatedSigner] = []
    private(set) var attacker: Attacker?
    /// What an honest node answers, by request.
    private(set) var truths: [RequestID: Answers] = [:]
    /// All requests ever asked, in order.
    private(set) var asked: [Request] = []
    var revoked: Set<Int> = []
    var isOutage = false
    /// Those on the far side of a partition.
    var separated: Set<Place> = []
    let nonceBase = ContinuousClock.now

    init(_ seed: UInt64, _ options: Options) throws {
        var dice = Dice(seed: seed)
        plan = Plan(&dice, options)
        self.dice = dice
        self.options = options
        town = try Town.of(plan.shape)
        let liars = plan.liars
        judge = Judge(
            threshold: plan.shape.threshold, traitors: Set(plan.traitors.keys),
            honest: town.numbers.filter { liars[$0.value] == nil })
        try rows.add(town.firstRoster)
        workers = try town.nodes.indices.map { try SimulatedWorker(self, $0) }
        replicas = (0..<plan.replicas).map { SimulatedReplica(self, $0) }
        signers = try (1...plan.shape.signers).map { try SimulatedSigner(self, $0) }
        attacker = plan.hasAttacker ? Attacker(self) : nil
    }

    /// Whether things still go wrong by themselves.
    var isFaulty: Bool { now < plan.healing }

    /// The time of day on a clock that is off by `skew` milliseconds, in whole seconds, rounded down.
    func time(skew: Int64 = 0) -> Timestamp {
        Timestamp(seconds: Self.epoch.seconds + (now + skew + 3_600_000) / 1_000 - 3_600)
    }

    /// How many milliseconds until that time of day on such a clock, at least one.
    func delay(until moment: Timestamp, skew: Int64 = 0) -> Int64 {
        max(1, (moment.seconds - Self.epoch.seconds) * 1_000 - now - skew)
    }

    // MARK: Events

    /// Lets `body` happen after so many milliseconds.
    func after(_ delay: Int64, _ body: @escaping () throws -> Void) {
        queue.add(at: now + delay) { [unowned self] in guarding(body) }
    }

    /// Runs a step of an honest part: whatever it throws, nobody has foreseen.
    func guarding(_ body: () throws -> Void) {
        do {
            try body()
        } catch let violation as ConstraintViolation {
            judge.report(.constraint, violation.name)
        } catch is Crash {
            return
        } catch {
            judge.report(.unexpected, "\(error)")
        }
    }

    /// Runs until nothing is left to happen by `end`, or a promise is broken.
    func run(until end: Int64) {
        while judge.violations.isEmpty, let event = queue.next(), event.moment <= end {
            now = max(now, event.moment)
            event.body()
        }
    }

    /// Notes what happens.
    func note(_ place: Place, _ what: StaticString, _ first: Int = 0, _ second: Int = 0) {
        log.add(.init(moment: now, place: place, what: what, numbers: (first, second)))
    }

    /// Counts what happens.
    func count(_ counter: Counter, _ by: Int = 1) { counters[counter, default: 0] += by }

    // MARK: Requests

    /// What an honest and a lying node answer.
    struct Answers {
        /// Counts the requests.
        let number: Int
        let prompt: Prompt
        let truth: Output
        let truthID: OutputID
        let lie: Output
    }

    func number(of request: RequestID) -> Int { truths[request]?.number ?? -1 }

    func ask(_ index: Int) throws -> Request {
        let request = Request(
            network: town.network, model: town.model.id, input: .init(prompt: "question \(index)"),
            sampling: Sampling(), maximumTokens: 16, policy: plan.shape.policy)
        let truth = Output(tokens: [index, 1], text: "true", finishReason: .stop)
        let lie = Output(tokens: [index, 2], text: "false", finishReason: .stop)
        truths[try request.requestID()] = Answers(
            number: asked.count, prompt: Prompt(tokens: [index]), truth: truth, truthID: try truth.outputID(), lie: lie)
        asked.append(request)
        return request
    }

    func answers(to request: RequestID) throws -> Answers {
        guard let answers = truths[request] else { throw InvalidField("request", "was never asked") }
        return answers
    }
}

/// What is counted over all seeds, to see that everything happened.
package enum Counter: String, Hashable, Sendable, CaseIterable, Comparable {
    case messages, lost, duplicated, partitions, crashes, outages, takeovers
    case failedTransactions = "failed transactions"
    case unknownOutcomes = "unknown outcomes"
    case requests, rounds, enlarged = "enlarged rounds", certificates
    case expired, tooFewNodes = "too few nodes", noQuorum = "no quorum", signingFailed = "signing failed"
    case lies, contradictions, accusations, copies, stalls, revocations
    case refusedShares = "refused shares"
    case badShares = "bad shares"
    case lostLeases = "lost leases"
    case attacks, forgedWork = "forged work", answeredAfterHealing = "answered after healing"
    case askedAgain = "asked again"

    package static func < (left: Counter, right: Counter) -> Bool { left.rawValue < right.rawValue }
}
