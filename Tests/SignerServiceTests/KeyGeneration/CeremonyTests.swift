import Canonical
import Cryptography
import DNAProtocol
import SignerService
import TestKit
import Testing
import Threshold

@Suite struct CeremonyTests {
    @Test(arguments: [(2, 2), (3, 2), (4, 3), (7, 5)])
    func signersAgreeOnOneKeyWithoutADealer(signers: Int, threshold: Int) throws {
        var rehearsal = try Rehearsal(signers: signers, threshold: threshold)
        try rehearsal.run()
        let file = try #require(rehearsal.files.first)
        #expect(rehearsal.files.count == 1)
        #expect(rehearsal.numbers.allSatisfy { rehearsal.disks[$0]?.file == file })
        try file.validate()
        #expect(file.genesis == rehearsal.fixture.genesis)
        let shares = rehearsal.numbers.compactMap { rehearsal.disks[$0]?.pending?.share }
        let signature = try sign(Array("a test".utf8), with: Array(shares.suffix(threshold)))
        #expect(file.groupKey.verifies(signature, of: Array("a test".utf8)))
    }

    private func sign(_ message: [UInt8], with shares: [KeyShare]) throws -> Ed25519.Signature {
        var randomness = SystemRandomness()
        let nonces = try shares.map { try SigningNonces.generate(for: $0, randomness: &randomness) }
        let package = try SigningPackage(
            message: message, commitments: nonces.map(\.commitment), publicKeys: shares[0].publicKeys)
        let parts = try zip(shares, nonces).map { try package.sign(with: $0, nonces: $1) }
        guard case .signature(let signature) = try package.aggregate(parts) else {
            throw ThresholdError.inconsistentKeys
        }
        return signature
    }

    @Test func aCrashBetweenAnyTwoActionsChangesNothing() throws {
        var crashes = 0
        for signer in [1, 3, 4] {
            var actions = 0
            while true {
                var rehearsal = try Rehearsal()
                let hasCrashed = try rehearsal.run(crash: (signer, actions))
                #expect(rehearsal.blames == [])
                #expect(rehearsal.files.count == 1)
                let finished = rehearsal.numbers.count { rehearsal.disks[$0]?.file != nil }
                #expect(finished == 4, "signer \(signer) after \(actions) actions")
                guard hasCrashed else { break }
                actions += 1
                crashes += 1
            }
        }
        // Round one, shares and the confirmation are each stored and published; the pending share is stored once.
        #expect(crashes >= 3 * 7)
    }

    @Test func aRestartedSignerRepeatsItsMessagesByteForByte() throws {
        var rehearsal = try Rehearsal()
        try rehearsal.run()
        let participant = try #require(rehearsal.participants[2])
        let disk = try #require(rehearsal.disks[2])
        let record = try #require(disk.record)
        var again = try Ceremony(participant, seed: disk.seed)
        var actions = try again.start()
        for message in record.roundOne where message.body.sender != 2 {
            guard case .accepted(let more) = try again.receive(message, from: message.body.sender) else { continue }
            actions += more
        }
        let published = actions.compactMap { if case .publish(let message) = $0 { message } else { nil } }
        #expect(published == Array(record.messages.prefix(2)))
    }

    @Test func messagesSurviveTheirJSONForm() throws {
        var rehearsal = try Rehearsal()
        try rehearsal.run()
        for message in rehearsal.boards[3] ?? [] {
            let bytes = try CanonicalJSON.encode(message)
            #expect(try CanonicalJSON.decode(KeyGenerationMessage.self, from: bytes, unknownKeys: .refused) == message)
        }
        #expect(rehearsal.boards[3]?.compactMap(\.step) == [.roundOne, .shares, .confirmation])
    }

    @Test func aForgedMessageIsRefusedAndTheCeremonyWaitsForTheRealOne() throws {
        var rehearsal = try Rehearsal()
        let stranger = Ed25519.SigningKey()
        rehearsal.carry = { message, sender, receiver in
            sender == 2 && receiver == 1 ? try KeyGenerationMessage(message.body, key: stranger) : message
        }
        try rehearsal.run()
        #expect(rehearsal.files == [])
        #expect(rehearsal.blames == [])
        #expect(rehearsal.refusals[1]?.first == "has a signature that does not verify")
        #expect(rehearsal.ceremonies[1]?.isWaiting(for: 2) == true)
        rehearsal.carry = { message, _, _ in message }
        try rehearsal.run()
        #expect(rehearsal.files.count == 1)
    }

    @Test func whoWaitsForAWithheldConfirmationGoesOnWhenItComes() throws {
        var rehearsal = try Rehearsal()
        // Signer 4 confirms to signer 1 alone.
        rehearsal.carry = { message, sender, receiver in
            sender == 4 && receiver != 1 && message.step == .confirmation ? nil : message
        }
        try rehearsal.run()
        let file = try #require(rehearsal.disks[1]?.file)
        for number in [2, 3] {
            #expect(rehearsal.disks[number]?.file == nil)
            #expect(rehearsal.disks[number]?.pending != nil, "a share that others may hold a key of is not dropped")
            #expect(rehearsal.ceremonies[number]?.isWaiting(for: 4) == true)
        }
        #expect(rehearsal.blames == [])
        // It comes back, after the others were restarted too.
        rehearsal.carry = { message, _, _ in message }
        try rehearsal.run()
        #expect(rehearsal.files == [file])
        #expect(rehearsal.numbers.allSatisfy { rehearsal.disks[$0]?.file == file })
    }

    @Test func aMessageOfAnotherSignerOrCeremonyIsRefused() throws {
        var rehearsal = try Rehearsal()
        try rehearsal.run()
        let other = try Rehearsal()
        let message = try #require(rehearsal.boards[2]?.first)
        let participant = try #require(rehearsal.participants[1])
        var fresh = try Ceremony(participant, seed: SystemRandom.secret(count: 32))
        #expect(try fresh.receive(message, from: 3) == .refused("names another sender"))
        var body = message.body
        body.session = try #require(other.participants[2]).session
        let moved = try KeyGenerationMessage(body, key: try #require(rehearsal.fixture.identities[2]))
        #expect(try fresh.receive(moved, from: 2) == .refused("is for another ceremony"))
        body.network = try #require(other.participants[2]).network
        let foreign = try KeyGenerationMessage(body, key: try #require(rehearsal.fixture.identities[2]))
        #expect(try fresh.receive(foreign, from: 2) == .refused("is for another network"))
    }
}
