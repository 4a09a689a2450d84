import DNAProtocol

/// A process was killed in the middle of a step.
struct Crash: Error {}

/// What travels.
enum Message {
    case poll(node: Int)
    case work(Assignment?)
    case commitment(Commitment)
    case vote(VoteSubmission)
    case setWanted(RequestID, round: Int)
    case set(CommitmentSet?)
    case accepted
    /// The other one will say the same again.
    case refused(String)
    /// Another try may help.
    case unavailable
    case nonceRequest(NonceRequest)
    case nonces(NonceReply)
    case shareRequest(ShareRequest)
    case share(ShareReply)
}

/// Something that runs, is killed, and is started again. What it holds in memory belongs to one life.
class Process {
    unowned let world: World
    let place: Place
    private(set) var isUp = true
    /// Counts its starts.
    private(set) var life = 0
    private var calls: [Int: (Message?) throws -> Void] = [:]
    private var callCount = 0

    init(_ world: World, _ place: Place) {
        self.world = world
        self.place = place
    }

    /// Forgets what is in memory; what was on disk stays.
    func stop() {}

    /// Begins on what is on disk.
    func start() {}

    /// Somebody asks; `reply` may be called once, now or later.
    func receive(_ message: Message, from: Place, reply: @escaping (Message) -> Void) throws {}

    final func kill() {
        guard isUp else { return }
        isUp = false
        life += 1
        calls = [:]
        world.note(place, "is killed")
        world.count(.crashes)
        stop()
        world.after(Int64(world.dice.number(100...4_000))) { [self] in
            isUp = true
            world.note(place, "starts again")
            start()
        }
    }

    /// Between any two steps: the process may be killed here.
    final func mayCrash() throws {
        guard world.isFaulty, world.dice.chance(world.plan.crash) else { return }
        kill()
        throw Crash()
    }

    /// Lets `body` happen later, in this life only.
    final func later(_ delay: Int64, _ body: @escaping () throws -> Void) {
        let life = life
        world.after(delay) { [self] in
            if isUp, life == self.life { try body() }
        }
    }

    /// Calls another process; `body` gets its reply, or nil when there was none in time.
    final func call(
        _ other: Process, _ message: Message, within timeout: Int64, _ body: @escaping (Message?) throws -> Void
    ) {
        let number = callCount
        callCount += 1
        calls[number] = body
        let life = life
        world.carry(message, from: place, to: other.place) { [self] message in
            guard other.isUp else { return }
            try other.receive(message, from: place) { [self] reply in
                world.carry(reply, from: other.place, to: place) { [self] reply in
                    if isUp, life == self.life { try calls.removeValue(forKey: number)?(reply) }
                }
            }
        }
        later(timeout) { [self] in try calls.removeValue(forKey: number)?(nil) }
    }
}

extension World {
    /// Takes a message from one place to another: late, out of order, twice, or not at all.
    func carry(_ message: Message, from: Place, to: Place, _ deliver: @escaping (Message) throws -> Void) {
        count(.messages)
        guard isFaulty else {
            after(Int64(dice.number(1...5))) { try deliver(message) }
            return
        }
        let isCut = separated.contains(from) != separated.contains(to)
        if isCut || dice.chance(plan.loss) {
            count(.lost)
            return
        }
        let copies = dice.chance(plan.duplication) ? 2 : 1
        if copies > 1 { count(.duplicated) }
        for _ in 0..<copies { after(Int64(dice.number(plan.delay))) { try deliver(message) } }
    }

    /// One transaction: all of `body`, or nothing. While things go wrong it may fail, or commit unbeknown to the asker.
    func transact<Value>(_ body: (inout Rows) throws -> Value) throws -> Value {
        guard !isOutage else { throw DatabaseUnavailable() }
        var isUnknown = false
        if isFaulty, dice.chance(plan.databaseFailure) {
            isUnknown = dice.chance(500)
            guard isUnknown else {
                count(.failedTransactions)
                throw DatabaseUnavailable()
            }
        }
        var copy = rows
        let value = try body(&copy)
        let isHeard = copy.announcements != rows.announcements
        let accusations = copy.accusations.dropFirst(rows.accusations.count)
        rows = copy
        for contradiction in accusations {
            count(.accusations)
            judge.accused(contradiction)
        }
        if isHeard { for replica in replicas { replica.ring() } }
        if isUnknown {
            count(.unknownOutcomes)
            throw DatabaseUnavailable()
        }
        return value
    }

    /// Everybody listens again after an outage, and looks at everything.
    func resynchronise() { for replica in replicas { replica.ring() } }
}

/// The database did not answer, or nobody knows whether it did.
struct DatabaseUnavailable: Error {}
