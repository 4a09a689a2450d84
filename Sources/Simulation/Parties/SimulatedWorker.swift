import Canonical
import Cryptography
import DNAProtocol
import WorkerService

/// A node: the worker's own state machine, with a journal on a simulated disk. A liar drives it differently.
final class SimulatedWorker: Process {
    let number: Int
    let identity: NodeIdentity
    let lie: Lie?
    private let check: AssignmentCheck
    /// Durable.
    private var journal: [Digest: Digest] = [:]
    private var recent: [RequestID: ComputedAnswer] = [:]
    private var failures = 0
    private var isTaking = false

    private struct Work {
        var progress: AssignmentProgress
        let end: Int64
        var isTaken = false
    }

    init(_ world: World, _ number: Int) throws {
        self.number = number
        identity = world.town.nodes[number]
        lie = world.plan.liars[number]
        let town = world.town
        check = try AssignmentCheck(
            genesis: town.genesis, node: identity.node, models: [town.model], roster: town.firstRoster.roster)
        super.init(world, .worker(number))
    }

    override func stop() {
        recent = [:]
        failures = 0
        isTaking = false
        if world.options.mutation == .forgottenJournal { journal = [:] }
    }

    override func start() { take() }

    // MARK: Taking work

    /// Asks any aggregator for work. One assignment is taken at a time; votes wait for their sets meanwhile.
    private func take() {
        guard !isTaking else { return }
        isTaking = true
        let pause = failures == 0 ? 1 : Int64(min(2_000, 100 << min(failures, 5)))
        later(pause) { [self] in
            let replica = world.replicas[world.dice.below(world.replicas.count)]
            call(replica, .poll(node: number), within: 12_000) { [self] reply in
                guard case .work(let assignment) = reply else { return giveUp() }
                guard let assignment else {
                    isTaking = false
                    failures = 0
                    return take()
                }
                failures = 0
                try begin(assignment)
            }
        }
    }

    private func giveUp() {
        failures += 1
        isTaking = false
        take()
    }

    private func begin(_ assignment: Assignment) throws {
        let left = max(0, assignment.deadline.seconds - world.time().seconds) * 1_000
        var progress = try AssignmentProgress(assignment, identity: identity)
        let request = world.number(of: progress.request)
        world.note(place, "takes work", request, progress.round)
        if lie == .stall, world.dice.chance(600) {
            world.count(.stalls)
            return giveUp()
        }
        let action = try progress.begin(check)
        try perform(action, Work(progress: progress, end: world.now + left + 20_000))
    }

    // MARK: Steps

    private func perform(_ action: AssignmentProgress.Action, _ work: Work) throws {
        try mayCrash()
        var work = work
        switch action {
        case .record(let entry):
            if lie == nil || journal[entry.key] == nil { journal[entry.key] = journal[entry.key] ?? entry.value }
            // A liar remembers what it likes.
            let value = lie == nil ? journal[entry.key] ?? entry.value : entry.value
            try mayCrash()
            try go(on: .recorded(value), work)
        case .compute:
            if let answer = recent[work.progress.request] { return try go(on: .computed(answer), work) }
            let answer = try answer(to: work.progress.request)
            later(Int64(world.dice.number(10...1_500))) { [self] in
                recent[work.progress.request] = answer
                try go(on: .computed(answer), work)
            }
        case .sendCommitment(let commitment):
            let sent = try commitments(commitment, work.progress)
            if lie == nil { try said("commitment", work.progress, Digest.of("said", canonical: commitment)) }
            send(sent.map { .commitment($0) }, work, .commitmentAccepted)
        case .awaitSet:
            if !work.isTaken {
                work.isTaken = true
                isTaking = false
                take()
            }
            if lie == .stall { return }
            awaitSet(work)
        case .sendVote(let vote):
            let votes = try self.votes(vote, work.progress)
            if lie == nil { try said("vote", work.progress, Digest.of("said", canonical: vote.vote)) }
            send(votes.map { .vote($0) }, work, .voteAccepted)
        case .finish(let outcome):
            if case .refused = outcome { world.note(place, "refuses what it was sent") }
            if !work.isTaken { giveUp() }
        }
    }

    private func go(on event: AssignmentProgress.Event, _ work: Work) throws {
        var work = work
        let action = try work.progress.handle(event)
        try perform(action, work)
    }

    private func said(_ kind: String, _ progress: AssignmentProgress, _ digest: Digest) throws {
        world.judge.said(by: number, kind, progress.request, progress.round, digest)
        world.note(place, kind == "vote" ? "votes" : "commits", world.number(of: progress.request), progress.round)
    }

    /// Sends until somebody has it, or refuses it, or nobody waits for it any more.
    private func send(_ messages: [Message], _ work: Work, _ event: AssignmentProgress.Event, _ attempt: Int = 0) {
        guard world.now < work.end else { return abandon(work) }
        let replica = world.replicas[world.dice.below(world.replicas.count)]
        for message in messages.dropFirst() {
            let other = world.replicas[world.dice.below(world.replicas.count)]
            call(other, message, within: 5_000) { _ in }
        }
        call(replica, messages[0], within: 5_000) { [self] reply in
            switch reply {
            case .accepted: try go(on: event, work)
            case .refused: abandon(work)
            default:
                later(Int64(min(2_000, 100 << min(attempt, 5)))) { [self] in send(messages, work, event, attempt + 1) }
            }
        }
    }

    private func awaitSet(_ work: Work) {
        guard world.now < work.end else { return abandon(work) }
        let replica = world.replicas[world.dice.below(world.replicas.count)]
        call(replica, .setWanted(work.progress.request, round: work.progress.round), within: 12_000) { [self] reply in
            switch reply {
            case .set(let set?): try go(on: .setClosed(set), work)
            case .refused: abandon(work)
            default: later(200) { [self] in awaitSet(work) }
            }
        }
    }

    private func abandon(_ work: Work) {
        world.note(place, "gives up", world.number(of: work.progress.request), work.progress.round)
        if !work.isTaken { giveUp() }
    }

    // MARK: Lies

    private func answer(to request: RequestID) throws -> ComputedAnswer {
        let answers = try world.answers(to: request)
        switch lie {
        case nil, .stall:
            return ComputedAnswer(
                prompt: answers.prompt, output: answers.truth, trace: .of("trace", answers.truthID.digest.bytes),
                timings: nil)
        case .shared:
            world.count(.lies)
            return ComputedAnswer(prompt: answers.prompt, output: answers.lie, trace: .of("lie", []), timings: nil)
        case .equivocate where !commitsTwice:
            // What it says is true, and it says something else as well.
            return ComputedAnswer(
                prompt: answers.prompt, output: answers.truth, trace: .of("trace", answers.truthID.digest.bytes),
                timings: nil)
        case .own, .copy, .equivocate:
            world.count(.lies)
            let output = Output(tokens: [number], text: "whatever", finishReason: .stop)
            return ComputedAnswer(
                prompt: answers.prompt, output: output, trace: .of("lie", [UInt8(number)]), timings: nil)
        }
    }

    /// What a liar sends in place of its commitment.
    private func commitments(_ commitment: Commitment, _ progress: AssignmentProgress) throws -> [Commitment] {
        guard lie == .equivocate, commitsTwice else { return [commitment] }
        var body = commitment.body
        body.opening = DigestOf(.of("another", body.opening.digest.bytes))
        world.count(.contradictions)
        return [commitment, Commitment(body: body, signature: try body.signed(by: identity.key))]
    }

    /// Whether one that equivocates does so before the set closes, or after.
    private var commitsTwice: Bool { number.isMultiple(of: 2) }

    /// What a liar sends in place of its vote.
    private func votes(_ submission: VoteSubmission, _ progress: AssignmentProgress) throws -> [VoteSubmission] {
        if lie == .equivocate, !commitsTwice {
            world.count(.contradictions)
            var other = submission
            other.vote = try Vote(
                body: submission.vote.body, set: .of("another", submission.vote.set.bytes), salt: submission.vote.salt,
                key: identity.key)
            return [submission, other]
        }
        guard lie == .copy else { return [submission] }
        world.count(.copies)
        let answers = try world.answers(to: progress.request)
        var body = submission.vote.body
        body.output = answers.truthID
        body.tokens = answers.truth.tokens.count
        body.finishReason = answers.truth.finishReason
        body.trace = .of("trace", answers.truthID.digest.bytes)
        return [
            VoteSubmission(
                vote: try Vote(body: body, set: submission.vote.set, salt: submission.vote.salt, key: identity.key),
                prompt: submission.prompt, output: answers.truth)
        ]
    }
}
