import Cryptography
import DNAProtocol
import SignerService
import TestKit

/// A key generation without sockets and disks: every signer's ceremony, what each has on its disk, and a carrier that
/// may do anything.
struct Rehearsal {
    let fixture: Fixture
    let participants: [Int: CeremonyParticipant]
    private(set) var ceremonies: [Int: Ceremony] = [:]
    /// What a signer would find after a crash.
    private(set) var disks: [Int: Disk] = [:]
    /// What each signer has published.
    private(set) var boards: [Int: [KeyGenerationMessage]] = [:]
    /// Changes what a signer fetches: (message, sender, receiver).
    var carry: (KeyGenerationMessage, Int, Int) throws -> KeyGenerationMessage? = { message, _, _ in message }
    private(set) var refusals: [Int: [String]] = [:]
    /// The signer that dies, and how many actions it still does before.
    private var crash: (signer: Int, actions: Int)?

    struct Disk {
        let seed: SecretBytes
        var record: CeremonyRecord?
        var pending: PendingShare?
        var file: NetworkFile?
    }

    init(signers: Int = 4, threshold: Int = 3) throws {
        let fixture = try Fixture(signers: signers, threshold: threshold)
        self.fixture = fixture
        participants = try Self.participants(of: fixture)
        for number in participants.keys { disks[number] = Disk(seed: SystemRandom.secret(count: 32)) }
    }

    private static func participants(of fixture: Fixture) throws -> [Int: CeremonyParticipant] {
        var participants: [Int: CeremonyParticipant] = [:]
        for (number, identity) in fixture.identities {
            guard let encryption = fixture.encryptions[number] else { continue }
            participants[number] = try CeremonyParticipant(
                genesis: fixture.genesis, identifier: number, identity: identity, encryption: encryption)
        }
        return participants
    }

    var numbers: [Int] { participants.keys.sorted() }

    /// Runs until nothing happens any more. `crash`: that signer dies after so many actions, once, and comes back.
    ///
    /// - Returns: whether the signer lived long enough to die.
    @discardableResult
    mutating func run(crash: (signer: Int, actions: Int)? = nil) throws -> Bool {
        self.crash = crash
        for number in numbers { try restart(number) }
        var isBusy = true
        while isBusy {
            isBusy = false
            for receiver in numbers {
                for sender in numbers where sender != receiver {
                    isBusy = try fetch(from: sender, to: receiver) || isBusy
                }
            }
        }
        return crash != nil && self.crash == nil
    }

    /// Starts a signer from what is on its disk.
    private mutating func restart(_ number: Int) throws {
        guard let participant = participants[number], let disk = disks[number] else { return }
        var ceremony = try Ceremony(participant, seed: disk.seed, record: disk.record, pending: disk.pending)
        let actions = try ceremony.start()
        ceremonies[number] = ceremony
        try perform(actions, number)
    }

    private mutating func fetch(from sender: Int, to receiver: Int) throws -> Bool {
        guard let step = ceremonies[receiver]?.awaitedStep(of: sender) else { return false }
        var hasHappened = false
        for message in boards[sender] ?? [] where message.step == nil || message.step == step {
            guard let carried = try carry(message, sender, receiver),
                let receipt = try ceremonies[receiver]?.receive(carried, from: sender)
            else { continue }
            switch receipt {
            case .accepted(let actions):
                try perform(actions, receiver)
                hasHappened = true
            case .refused(let reason): refusals[receiver, default: []].append(reason)
            }
        }
        return hasHappened
    }

    private mutating func perform(_ actions: [Ceremony.Action], _ number: Int) throws {
        for action in actions {
            if let crash, crash.signer == number {
                guard crash.actions > 0 else {
                    self.crash = nil
                    return try restart(number)
                }
                self.crash = (number, crash.actions - 1)
            }
            switch action {
            case .store(let record): disks[number]?.record = record
            case .storePending(let pending): disks[number]?.pending = pending
            case .publish(let message):
                if boards[number]?.contains(message) != true { boards[number, default: []].append(message) }
            case .finish(let file): disks[number]?.file = file
            case .abort: break
            }
        }
    }

    var files: Set<NetworkFile> { Set(numbers.compactMap { disks[$0]?.file }) }

    var blames: [Blame] {
        numbers.compactMap { number in
            if case .aborted(let blame) = ceremonies[number]?.phase { blame } else { nil }
        }
    }

    /// A message as signer `number` would sign it.
    func forge(_ content: KeyGenerationMessage.Content, by number: Int) throws -> KeyGenerationMessage {
        let participant = participants[number]!  // the tests name signers that exist
        let identity = fixture.identities[number]!  // the same
        return try KeyGenerationMessage(
            .init(network: participant.network, session: participant.session, sender: number, content: content),
            key: identity)
    }
}
