import CoordinatorStore
import Cryptography
import DNAProtocol
import Testing

@Suite struct NetworkTests {
    @Test func aDatabaseBelongsToOneNetwork() async throws {
        try await Fixture.run { fixture in
            try await fixture.store.register(fixture.genesis)
            #expect(try await fixture.gateway.network()?.genesis == fixture.genesis)
            #expect(try await fixture.gateway.networkFile() == nil)
            let other = Genesis(
                name: "another", development: false, createdAt: fixture.genesis.createdAt,
                administrators: fixture.genesis.administrators, signers: fixture.genesis.signers,
                policyBounds: fixture.genesis.policyBounds)
            await #expect(throws: StoreError.networkMismatch) { try await fixture.store.register(other) }
        }
    }

    @Test func theFirstNetworkFileStays() async throws {
        try await Fixture.run { fixture in
            let file = try fixture.networkFile(transcript: "one")
            try await fixture.store.record(file)
            try await fixture.store.record(file)
            #expect(try await fixture.gateway.networkFile() == file)
            let other = try fixture.networkFile(transcript: "two")
            await #expect(throws: StoreError.networkFileMismatch) { try await fixture.store.record(other) }
            #expect(try await fixture.gateway.networkFile() == file)
        }
    }

    @Test func theRosterNeverGoesBack() async throws {
        try await Fixture.run { fixture in
            let first = fixture.roster.roster
            let second = try fixture.successor(of: first)
            try await fixture.store.register(fixture.roster)
            try await fixture.store.register(second)
            #expect(try await fixture.store.newestRosterID() == (try second.roster.rosterID()))
            #expect(try await fixture.store.roster(try first.rosterID()) == fixture.roster)
            // A replica that was started with an older epoch learns the newest one.
            try await fixture.store.register(fixture.roster)
            #expect(try await fixture.store.newestRosterID() == (try second.roster.rosterID()))
            var fork = first
            fork.operators[0].weight += 1
            let forked = try Fixture.sign(fork, fixture.administrator)
            await #expect(throws: StoreError.rosterRefused(stored: 2, offered: 1)) {
                try await fixture.store.register(forked)
            }
            await #expect(throws: StoreError.rosterRefused(stored: 2, offered: 1)) {
                try await fixture.store.publish(fixture.roster, threshold: 1)
            }
        }
    }

    @Test func anEpochWaitsForEnoughSignatures() async throws {
        try await Fixture.run { fixture in
            let second = try fixture.successor(of: fixture.roster.roster)
            let other = Ed25519.SigningKey()
            let signature = try second.roster.signed(by: other)
            let also = SignedRoster(
                roster: second.roster, signatures: [.init(administrator: other.publicKey, signature: signature)])
            let id = try second.roster.rosterID()
            #expect(try await fixture.store.publish(second, threshold: 2).state == .proposed)
            #expect(try await fixture.store.publish(second, threshold: 2).signatures == 1, "the same one again")
            #expect(try await fixture.store.proposals() == [second])
            #expect(try await fixture.store.newestRosterID() != id)
            #expect(try await fixture.store.publish(also, threshold: 2).state == .published)
            #expect(try await fixture.store.newestRosterID() == id)
            #expect(try await fixture.store.proposals() == [])
            #expect(try await fixture.store.roster(id)?.signatures.count == 2)
        }
    }

    @Test func anEpochMustFollowTheOneBefore() async throws {
        try await Fixture.run { fixture in
            var stray = fixture.roster.roster
            stray.epoch = 2
            stray.previous = RosterID(try fixture.genesis.networkID().digest)
            let signed = try Fixture.sign(stray, fixture.administrator)
            await #expect(throws: StoreError.rosterRefused(stored: 1, offered: 2)) {
                try await fixture.store.register(signed)
            }
        }
    }
}

extension Fixture {
    func successor(of roster: Roster) throws -> SignedRoster {
        let next = Roster(
            network: roster.network, epoch: roster.epoch + 1, previous: try roster.rosterID(),
            operators: roster.operators, nodes: roster.nodes)
        return try Self.sign(next, administrator)
    }

    func networkFile(transcript: String) throws -> NetworkFile {
        NetworkFile(
            genesis: genesis,
            keyGeneration: KeyGenerationOutcome(
                network: try genesis.networkID(), threshold: 3, groupKey: administrator.publicKey, verifyingShares: [],
                transcript: .of(transcript, [])), signatures: [])
    }
}
