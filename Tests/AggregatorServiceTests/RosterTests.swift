import Administration
import CoordinatorStore
import Cryptography
import DNAProtocol
import HTTPTransport
import ServiceKit
import TestKit
import Testing

/// A new roster epoch is in force at once, also for what is under way.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RosterTests {
    @Test func anEpochIsInForceForEveryReplicaAtOnce() async throws {
        try await Town.run { town in
            let (one, two) = (try await town.startAggregator("one"), try await town.startAggregator("two"))
            let key = try #require(town.fixture.nodes.keys.first)
            let node = try town.node(key, at: two)
            let next = try town.fixture.revoking(key)
            let json = town.json(two)
            let waiting = Task { () -> SignedRoster? in
                try await json.poll("/v1/roster?wait=60&after=1", deadline: .seconds(70))
            }
            let held = Task { try await town.refusal { _ = try await node.poll(wait: 60).send(to: node) } }
            let receipt: RosterReceipt = try await town.json(one).post("/v1/rosters", next)
            #expect(receipt.state == .published && receipt.epoch == 2)
            #expect(try await waiting.value == next)
            #expect(try await held.value?.type == "urn:dna:problem:revoked")
            let again = try await town.refusal { _ = try await node.poll(wait: 0).send(to: node) }
            #expect(again?.type == "urn:dna:problem:revoked" && again?.status == 403)
        }
    }

    @Test func signersLearnOfAnEpochThatNoDecisionShowsThem() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            town.set(.down, signers: 3)
            let receipt: RosterReceipt = try await json.post("/v1/rosters", try town.fixture.nextRoster())
            #expect(receipt.missed == [3])
            #expect(town.signers.map(\.rosterEpoch) == [2, 2, 1, 2])
            // Whoever was away gets it later.
            town.set(.honest, signers: 3)
            try await eventually { town.signers.allSatisfy { $0.rosterEpoch == 2 } }
        }
    }

    @Test func aSignerThatWasAwayLearnsOfTheEpochsItMissed() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            // Decided under the second epoch, of which no signer hears; then two more come.
            town.set(.down, signers: 1, 2, 3, 4)
            var later = try town.fixture.nextRoster()
            let _: RosterReceipt = try await town.json(origin).post("/v1/rosters", later)
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            try await town.reach(.decided, request)
            for _ in 0..<2 {
                later = try town.fixture.nextRoster(after: later)
                let _: RosterReceipt = try await town.json(origin).post("/v1/rosters", later)
            }
            #expect(town.signers.map(\.rosterEpoch) == [1, 1, 1, 1])
            // The newest is what a signer hears of first; the decision's is then over, and known all the same.
            town.set(.honest, signers: 1, 2, 3, 4)
            let bundle = try await town.certified(request)
            #expect(bundle.evidence.roster.roster.epoch == 2)
        }
    }

    @Test func anEpochThatMetTheDatabaseOnlyReachesTheSignersAllTheSame() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            _ = try await town.store.publish(try town.fixture.nextRoster(), threshold: 1)
            try await eventually { town.signers.allSatisfy { $0.rosterEpoch == 2 } }
        }
    }

    @Test func anAdministratorBringsEpochsItselfAndBelievesNoReceipt() async throws {
        try await Town.run { town in
            let aggregator = town.json(try await town.startAggregator())
            let administrator = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.administrator, aggregators: [aggregator],
                signers: town.signerClients, pinPath: nil)
            town.set(.down, signers: 2)
            let outcome = try await administrator.change { $0.set(.init(name: "late", weight: 3)) }
            #expect(outcome.receipt?.missed == [2])
            town.set(.honest, signers: 2)
            let next = try await administrator.change { $0.set(.init(name: "later", weight: 3)) }
            #expect(next.receipt?.missed == nil && town.signers.map(\.rosterEpoch) == [3, 3, 3, 3])
        }
    }

    @Test func anEpochMustFollowAndBeSigned() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let second = try town.fixture.nextRoster()
            var unsigned = second
            unsigned.signatures = []
            let refusal = try await town.refusal { [unsigned] in try await json.post("/v1/rosters", unsigned) }
            #expect(refusal?.field == "signatures")
            let third = try town.fixture.nextRoster(after: second)
            let early = try await town.refusal { try await json.post("/v1/rosters", third) }
            #expect(early?.type == "urn:dna:problem:superseded" && early?.status == 409)
            try await json.post("/v1/rosters", second)
            try await json.post("/v1/rosters", second)
            let other = try town.fixture.nextRoster { $0.operators[0].weight = 2 }
            let fork = try await town.refusal { try await json.post("/v1/rosters", other) }
            #expect(fork?.status == 409)
            try await json.post("/v1/rosters", third)
            #expect(try await json.get("/v1/roster", as: SignedRoster.self) == third)
        }
    }

    @Test func anOpenRoundThatLosesAMemberBeginsAgain() async throws {
        try await Town.run(operators: 5) { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            for node in members[0...1] { try await node.commit(try await node.nextAssignment(), text: "Paris") }
            let next = try town.fixture.revoking(members[2].key.publicKey)
            try await town.json(origin).post("/v1/rosters", next)
            for key in town.fixture.nodes.keys where key != members[2].key.publicKey {
                town.work(try town.node(key, at: origin))
            }
            let bundle = try await town.certified(request)
            let committee = bundle.evidence.committee
            #expect(committee.round == 2 && committee.members.count == 3)
            #expect(bundle.evidence.roster == next)
            #expect(committee.member(members[2].key.publicKey) == nil)
            for node in members[0...1] { #expect(committee.member(node.key.publicKey) != nil, "still asked") }
        }
    }

    @Test func aRevokedNodesVoteInFlightDoesNotCount() async throws {
        try await Town.run(operators: 5) { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            var work: [Assignment] = []
            for node in members {
                work.append(try await node.nextAssignment())
                try await node.commit(work[work.count - 1], text: "Paris")
            }
            let set = try #require(try await members[0].set(work[0]))
            try await members[0].vote(work[0], text: "Paris", in: set)
            try await town.json(origin).post("/v1/rosters", try town.fixture.revoking(members[0].key.publicKey))
            try await town.reach(commitments: 0, round: 2, request)
            // With the revoked node's vote this one would have decided the round.
            _ = try? await members[1].vote(work[1], text: "Paris", in: set)
            #expect(try await town.record(request).state == .assigned)
            for key in town.fixture.nodes.keys where key != members[0].key.publicKey {
                town.work(try town.node(key, at: origin))
            }
            let decision = try await town.certified(request).certificate.decision
            #expect(decision.round == 2)
            #expect(!decision.voters.contains(members[0].key.publicKey))
        }
    }

    @Test func aRoundThatKeepsItsMembersGoesOnUnderItsEpoch() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            try await town.reach(.assigned, request)
            let newcomer = Ed25519.SigningKey().publicKey
            let next = try town.fixture.nextRoster { $0.nodes.append(.init(key: newcomer, operator: "operator-0")) }
            try await town.json(origin).post("/v1/rosters", next)
            for node in members { town.work(node) }
            let bundle = try await town.certified(request)
            #expect(bundle.certificate.decision.round == 1)
            #expect(bundle.evidence.roster == town.fixture.roster)
        }
    }

    @Test func anEmptyNetworkSaysWhatItWaitsFor() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let readiness = try await town.readiness(json.origin)
            let workers = try #require(readiness.checks.first { $0.name == "workers" })
            #expect(!workers.ready)
            #expect(workers.detail == "0 of the 3 workers it takes are there")
            for key in town.fixture.nodes.keys {
                let node = try town.node(key, at: json.origin)
                _ = try await node.poll(wait: 0).send(to: node)
            }
            #expect(try await town.readiness(json.origin).ready)
        }
    }

    @Test func withTooFewSignersItSaysHowManyThereAre() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            town.set(.down, signers: 2, 4)
            try await eventually { try await !town.readiness(json.origin).ready }
            let signers = try await town.readiness(json.origin).checks.first { $0.name == "signers" }
            #expect(signers?.detail == "2 of the 3 signers it takes are ready")
        }
    }
}

extension Fixture {
    /// The next epoch, without this node.
    func revoking(_ key: Ed25519.PublicKey) throws -> SignedRoster {
        try nextRoster { roster in
            for index in roster.nodes.indices where roster.nodes[index].key == key {
                roster.nodes[index].status = .revoked
            }
        }
    }
}
