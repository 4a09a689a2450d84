import Cryptography
import DNAProtocol
import SignerService
import TestKit
import Testing
import Threshold

/// A signer that breaks the rules under its own signature is named, with its own messages as proof, and there is no key.
@Suite struct CulpritTests {
    /// Runs a ceremony in which `culprit`'s messages are replaced on their way.
    private func expectBlame(
        _ fault: Blame.Fault, of culprit: Int = 3,
        replacing:
            @escaping (KeyGenerationMessage, _ receiver: Int, Rehearsal) throws -> KeyGenerationMessage.Content?
    ) throws {
        var rehearsal = try Rehearsal()
        let stage = rehearsal
        rehearsal.carry = { message, sender, receiver in
            guard sender == culprit, let content = try replacing(message, receiver, stage) else { return message }
            return try stage.forge(content, by: culprit)
        }
        try rehearsal.run()
        let blames = rehearsal.blames.filter { $0.accuser != culprit }
        #expect(!blames.isEmpty)
        #expect(blames.allSatisfy { $0.culprit == culprit && $0.fault == fault }, "\(blames.map(\.description))")
        #expect(blames.allSatisfy { !$0.evidence.isEmpty })
        #expect(rehearsal.numbers.allSatisfy { $0 == culprit || rehearsal.disks[$0]?.file == nil })
        for blame in blames {
            let record = rehearsal.disks[blame.accuser]?.record
            #expect(record?.blame == blame, "the proof is on the disk")
        }
    }

    private func otherPackage(_ rehearsal: Rehearsal, by number: Int) throws -> KeyGeneration.RoundOnePackage {
        let participant = try #require(rehearsal.participants[number])
        var ceremony = try Ceremony(participant, seed: SystemRandom.secret(count: 32))
        for case .publish(let message) in try ceremony.start() {
            if case .roundOne(let package) = message.body.content { return package }
        }
        throw CancellationError()
    }

    @Test func whoTellsTwoSignersDifferentThingsIsConvictedByBoth() throws {
        var twin: KeyGeneration.RoundOnePackage?
        try expectBlame(.equivocation) { message, receiver, rehearsal in
            guard message.step == .roundOne, receiver == 1 else { return nil }
            let package = try twin ?? otherPackage(rehearsal, by: 3)
            twin = package
            return .roundOne(package)
        }
    }

    @Test func aShareThatWasTamperedWithNamesItsSender() throws {
        try expectBlame(.unreadableShare) { message, receiver, _ in
            guard case .shares(var shares) = message.body.content,
                let index = shares.sealed.firstIndex(where: { $0.receiver == receiver })
            else { return nil }
            let box = shares.sealed[index].box
            shares.sealed[index].box = String(box.dropLast()) + (box.hasSuffix("0") ? "1" : "0")
            return .shares(shares)
        }
    }

    @Test func aShareForSomebodyElseNamesItsSender() throws {
        try expectBlame(.unreadableShare) { message, receiver, _ in
            guard case .shares(var shares) = message.body.content else { return nil }
            let boxes = shares.sealed.map(\.box)
            for index in boxes.indices { shares.sealed[index].box = boxes[(index + 1) % boxes.count] }
            return .shares(shares)
        }
    }

    @Test func aShareOffThePolynomialNamesItsSender() throws {
        try expectBlame(.invalidShare) { message, receiver, rehearsal in
            guard case .shares(var shares) = message.body.content,
                let index = shares.sealed.firstIndex(where: { $0.receiver == receiver }),
                let key = rehearsal.fixture.encryptions[receiver]?.publicKey,
                let participant = rehearsal.participants[3]
            else { return nil }
            var one = [UInt8](repeating: 0, count: 32)
            one[0] = 1
            let associated = "\(participant.network.hex)\n\(participant.session.hex)\n3\n\(receiver)"
            let box = try X25519.seal(
                SecretBytes(taking: &one), to: key, context: "dna/key-generation-share/1",
                associated: Array(associated.utf8))
            shares.sealed[index].box = Hexadecimal.encode(box)
            return .shares(shares)
        }
    }

    @Test func aProofForAnotherSecretNamesItsSender() throws {
        try expectBlame(.invalidProof) { message, _, rehearsal in
            guard case .roundOne(let package) = message.body.content else { return nil }
            let other = try otherPackage(rehearsal, by: 3)
            return .roundOne(
                .init(participant: package.participant, commitments: package.commitments, proof: other.proof))
        }
    }

    @Test func tooFewCommitmentsNameTheirSender() throws {
        try expectBlame(.wrongCommitmentCount) { message, _, _ in
            guard case .roundOne(let package) = message.body.content else { return nil }
            return .roundOne(
                .init(
                    participant: package.participant, commitments: Array(package.commitments.dropLast()),
                    proof: package.proof))
        }
    }

    @Test func aPackageInAnothersNameNamesItsSender() throws {
        try expectBlame(.malformed) { message, _, rehearsal in
            guard message.step == .roundOne else { return nil }
            return .roundOne(try otherPackage(rehearsal, by: 2))
        }
    }

    @Test func whoPassesOnAForgeryIsBlamedForIt() throws {
        let stranger = Ed25519.SigningKey()
        try expectBlame(.falseEcho) { message, _, rehearsal in
            guard case .shares(var shares) = message.body.content else { return nil }
            var body = shares.roundOne[3].body
            body.content = .roundOne(try otherPackage(rehearsal, by: 4))
            shares.roundOne[3] = try KeyGenerationMessage(body, key: stranger)
            return .shares(shares)
        }
    }

    @Test func anotherOutcomeNamesWhoConfirmedIt() throws {
        try expectBlame(.differentOutcome) { message, _, rehearsal in
            guard case .confirmation(var confirmation) = message.body.content,
                let identity = rehearsal.fixture.identities[3]
            else { return nil }
            confirmation.outcome.groupKey = Ed25519.SigningKey().publicKey
            confirmation.signature = try confirmation.outcome.signed(by: identity)
            return .confirmation(confirmation)
        }
    }

    @Test func aConfirmationWithoutASignatureNamesItsSender() throws {
        try expectBlame(.invalidConfirmation) { message, _, _ in
            guard case .confirmation(var confirmation) = message.body.content else { return nil }
            confirmation.signature = try confirmation.outcome.signed(by: Ed25519.SigningKey())
            return .confirmation(confirmation)
        }
    }

    @Test func anAbortedCeremonyStaysAbortedAfterARestart() throws {
        var rehearsal = try Rehearsal()
        let stage = rehearsal
        rehearsal.carry = { message, sender, _ in
            guard sender == 3, message.step == .roundOne else { return message }
            return try stage.forge(.roundOne(try otherPackage(stage, by: 2)), by: 3)
        }
        try rehearsal.run()
        let honest = rehearsal.blames.filter { $0.accuser != 3 }
        rehearsal.carry = { message, _, _ in message }
        try rehearsal.run()
        #expect(!honest.isEmpty)
        #expect(honest.allSatisfy { rehearsal.blames.contains($0) })
        #expect(rehearsal.files == [])
    }

    @Test func stateOfAnotherSignerIsNotTakenUp() throws {
        var rehearsal = try Rehearsal()
        try rehearsal.run()
        let participant = try #require(rehearsal.participants[1])
        let disk = try #require(rehearsal.disks[1])
        let foreign = try #require(rehearsal.disks[2])
        #expect(throws: SignerError.self) {
            try Ceremony(participant, seed: disk.seed, record: foreign.record, pending: disk.pending)
        }
        #expect(throws: SignerError.self) {
            try Ceremony(participant, seed: foreign.seed, record: disk.record, pending: disk.pending)
        }
        #expect(throws: SignerError.self) { try Ceremony(participant, seed: disk.seed, record: disk.record) }
    }
}
