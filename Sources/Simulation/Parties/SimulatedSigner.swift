import Canonical
import Consensus
import Cryptography
import DNAProtocol
import NodeState
import SignerService
import Synchronization
import Threshold

/// A signer's disk: it outlives the process.
final class SignerDisk: WriteOnceTable {
    private struct State {
        var decisions: [Digest: Digest] = [:]
        var pin: RosterPin
        var failure: (isBefore: Bool, armed: Bool) = (false, false)
    }

    private let state: Mutex<State>

    init(_ pin: RosterPin) { state = Mutex(State(pin: pin)) }

    var pin: RosterPin { state.withLock(\.pin) }

    func store(_ pin: RosterPin) { state.withLock { $0.pin = pin } }

    func forget() { state.withLock { $0.decisions = [:] } }

    /// Lets the process die with its next record: before it is on the disk, or after.
    func arm(before: Bool) { state.withLock { $0.failure = (before, true) } }

    func disarm() { state.withLock { $0.failure.armed = false } }

    func record(_ value: Digest, for key: Digest) throws(StateError) -> Digest {
        let (recorded, isKilled): (Digest, Bool) = state.withLock { state in
            let isKilled = state.failure.armed
            if isKilled, state.failure.isBefore { return (value, true) }
            let recorded = state.decisions[key] ?? value
            state.decisions[key] = recorded
            return (recorded, isKilled)
        }
        guard !isKilled else { throw .cannotWrite("simulated", 5) }
        return recorded
    }

    func value(for key: Digest) throws(StateError) -> Digest? { state.withLock { $0.decisions[key] } }
}

/// Draws nonces that the seed determines.
private final class NonceSource: Sendable {
    private let randomness: Mutex<SeededRandomness>

    init(_ randomness: SeededRandomness) { self.randomness = Mutex(randomness) }

    func draw(for share: KeyShare) throws -> SigningNonces {
        try randomness.withLock { try SigningNonces.generate(for: share, randomness: &$0) }
    }
}

/// A signer: the service's own desk on a simulated disk, or one that betrays.
final class SimulatedSigner: Process {
    let identifier: Int
    let betrayal: Betrayal?
    private let share: KeyShare
    private let skew: Int64
    private let disk: SignerDisk
    private let nonceSource: NonceSource
    private var desk: SigningDesk?
    private var mutant: MutantDesk

    init(_ world: World, _ identifier: Int) throws {
        self.identifier = identifier
        betrayal = world.plan.traitors[identifier]
        share = world.town.shares[identifier - 1]
        skew = world.plan.skews[world.plan.replicas + identifier - 1] * 10
        disk = SignerDisk(try RosterPin(world.town.firstRoster, in: world.town.genesis))
        var seed = (0..<32).map { _ in UInt8(world.dice.below(256)) }
        nonceSource = NonceSource(SeededRandomness(seed: SecretBytes(taking: &seed), context: [UInt8(identifier)]))
        mutant = MutantDesk(share: share, town: world.town, mutation: world.options.mutation)
        super.init(world, .signer(identifier))
        try open()
    }

    private func open() throws {
        let known = disk.pin
        let pin = try RosterPin(known.current, known: known.known, in: world.town.genesis)
        desk = try SigningDesk(
            share: share, genesis: world.town.genesis, pin: pin, register: DecisionRegister(store: disk),
            drawNonces: { [nonceSource] in try nonceSource.draw(for: $0) },
            storeRoster: { [disk] in disk.store($0) })
        world.judge.pinned(pin.current.roster.epoch, by: identifier)
    }

    override func stop() {
        desk = nil
        mutant.stop()
        if world.options.mutation == .forgottenDecisions { disk.forget() }
    }

    override func start() { world.guarding { try open() } }

    override func receive(_ message: Message, from: Place, reply: @escaping (Message) -> Void) throws {
        try mayCrash()
        switch message {
        case .nonceRequest(let request):
            if betrayal == .refuse { return reply(.refused("no")) }
            reply(.nonces(try promise(request)))
        case .shareRequest(let request): reply(try sign(request))
        default: reply(.refused("not for a signer"))
        }
        try mayCrash()
    }

    private var instant: ContinuousClock.Instant { world.nonceBase + .milliseconds(world.now) }

    private func promise(_ request: NonceRequest) throws -> NonceReply {
        if betrayal == nil, !mutant.isNeeded, let desk { return try desk.promise(request, at: instant) }
        return try mutant.promise((0..<32).map { _ in UInt8(world.dice.below(256)) })
    }

    private func sign(_ request: ShareRequest) throws -> Message {
        switch betrayal {
        case .signAnything:
            do {
                return .share(try mutant.signAnything(request))
            } catch is Refusal { return .refused("asked too late") }
        case .badShare:
            let share = Scalar(reducing: SHA512.hash(Array("\(world.now)".utf8)))
            return .share(ShareReply(signer: identifier, share: share.hex))
        case .refuse: return .refused("no")
        case nil: return try signHonestly(request)
        }
    }

    private func signHonestly(_ request: ShareRequest) throws -> Message {
        if world.isFaulty, world.dice.chance(world.plan.crash * 3) { disk.arm(before: world.dice.chance(500)) }
        defer { disk.disarm() }
        let recorded = try disk.value(for: request.decision.request.digest).map { DecisionID($0) }
        let isRecorded = try recorded == request.decision.decisionID()
        do {
            let reply =
                if mutant.isNeeded {
                    try mutant.sign(request, disk)
                } else if let desk {
                    try desk.sign(request, at: instant, clock: world.time(skew: skew))
                } else { throw Crash() }
            world.judge.pinned(disk.pin.current.roster.epoch, by: identifier)
            try world.judge.released(
                by: identifier, request, truth: world.answers(to: request.decision.request).truthID,
                revoked: !isRecorded && isRevoked(request), at: world.time())
            world.note(place, "gives a share", world.number(of: request.decision.request))
            return .share(reply)
        } catch let refusal as Refusal {
            world.count(.refusedShares)
            world.note(place, "refuses a share", world.number(of: request.decision.request))
            return .refused("\(refusal)")
        } catch is StateError {
            kill()
            throw Crash()
        } catch is ThresholdError {
            return .refused("malformed")
        }
    }

    /// Whether a voter is not active in the newest epoch this signer knows.
    private func isRevoked(_ request: ShareRequest) -> Bool {
        let active = disk.pin.current.roster.nodes.filter { $0.status == .active }.map(\.key)
        return !request.decision.voters.allSatisfy { active.contains($0) }
    }
}
