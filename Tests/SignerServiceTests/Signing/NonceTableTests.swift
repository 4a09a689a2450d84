import Canonical
import Cryptography
import DNAProtocol
import SignerService
import TestKit
import Testing
import Threshold

@Suite struct NonceTableTests {
    let share: KeyShare
    let decision = DecisionID(Digest.of("decision", [1]))
    let now = ContinuousClock.now

    init() throws {
        var rehearsal = try Rehearsal(signers: 2, threshold: 2)
        try rehearsal.run()
        share = try #require(rehearsal.disks[1]?.pending?.share)
    }

    private func fresh() throws -> SigningNonces {
        var randomness = SystemRandomness()
        return try SigningNonces.generate(for: share, randomness: &randomness)
    }

    @Test func keepsNoMorePromisesThanItsCapacity() throws {
        var table = NonceTable(capacity: 3)
        let promises = try (0..<5).map { _ in try fresh() }
        for nonces in promises { table.insert(nonces, for: decision, at: now) }
        #expect(table.count == 3)
        let kept = promises.map { table.holds($0.commitment, for: decision, at: now) }
        #expect(kept == [false, false, true, true, true])
    }

    @Test func forgetsPromisesThatAreTooOld() throws {
        var table = NonceTable(capacity: 8, lifetime: .seconds(10))
        let nonces = try fresh()
        table.insert(nonces, for: decision, at: now)
        #expect(table.holds(nonces.commitment, for: decision, at: now + .seconds(9)))
        #expect(!table.holds(nonces.commitment, for: decision, at: now + .seconds(10)))
        #expect(table.take(nonces.commitment, for: decision, at: now + .seconds(10)) == nil)
        table.insert(try fresh(), for: decision, at: now + .seconds(10))
        #expect(table.count == 1)
    }

    @Test func givesNoncesOutOnce() throws {
        var table = NonceTable()
        let nonces = try fresh()
        table.insert(nonces, for: decision, at: now)
        #expect(table.take(nonces.commitment, for: DecisionID(Digest.of("decision", [2])), at: now) == nil)
        #expect(table.take(nonces.commitment, for: decision, at: now) === nonces)
        #expect(table.take(nonces.commitment, for: decision, at: now) == nil)
        #expect(table.count == 0)
    }

    @Test func brokenPromisesCannotBeSignedWith() throws {
        var table = NonceTable(capacity: 1)
        let (first, second) = (try fresh(), try fresh())
        table.insert(first, for: decision, at: now)
        table.insert(second, for: decision, at: now)
        var randomness = SystemRandomness()
        let other = try SigningNonces.generate(for: share, randomness: &randomness)
        let commitments = [
            first.commitment,
            NonceCommitment(
                participant: try #require(ParticipantIdentifier(2)), hiding: other.commitment.hiding,
                binding: other.commitment.binding),
        ]
        let package = try SigningPackage(message: [1], commitments: commitments, publicKeys: share.publicKeys)
        #expect(throws: ThresholdError.noncesSpent) { try package.sign(with: share, nonces: first) }
    }
}
