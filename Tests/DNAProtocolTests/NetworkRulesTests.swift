import Canonical
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct NetworkRulesTests {
    let fixture: Fixture
    static let key = Ed25519.SigningKey().publicKey

    init() throws { fixture = try Fixture() }

    @Test func namesTheRuleAGenesisBreaks() throws {
        let breaks: [Break<Genesis>] = [
            .init("version") { $0.version = 2 },
            .init("version") { $0.version = .min },
            .init("name") { $0.name = "" },
            .init("name") { $0.name = String(repeating: "\u{e9}", count: 33) },
            .init("administrators.keys") { $0.administrators.keys = [] },
            .init("administrators.keys") { $0.administrators.keys.append($0.administrators.keys[0]) },
            .init("administrators.keys") { $0.administrators.keys = Array(repeating: Self.key, count: 65) },
            .init("administrators.threshold") { $0.administrators.threshold = 0 },
            .init("administrators.threshold") { $0.administrators.threshold = 2 },
            .init("signers.members") { $0.signers.members = [] },
            .init("signers.members") { $0.signers.members.removeLast(3) },
            .init("signers.members") { genesis in
                genesis.signers.members = (1...65).map { _ in genesis.signers.members[0] }
            },
            .init("signers.members[1].identifier") { $0.signers.members[1].identifier = 1 },
            .init("signers.members[0].identifier") { $0.signers.members[0].identifier = .min },
            .init("signers.members") { $0.signers.members[1].identity = $0.signers.members[0].identity },
            .init("signers.members") { $0.signers.members[1].encryption = $0.signers.members[0].encryption },
            .init("signers.threshold") { $0.signers.threshold = 2 },
            .init("signers.threshold") { $0.signers.threshold = 5 },
            .init("signers.threshold") { $0.signers.threshold = .min },
            .init("signers.threshold") { $0.signers.threshold = .max },
            .init("policy_bounds.maximum_committee") { $0.policyBounds.maximumCommittee = 0 },
            .init("policy_bounds.maximum_committee") { $0.policyBounds.maximumCommittee = 65 },
            .init("policy_bounds.spare_ranks") { $0.policyBounds.spareRanks = -1 },
            .init("policy_bounds.spare_ranks") { $0.policyBounds.spareRanks = .max },
        ]
        try expectEachNamed(breaks, in: fixture.genesis) { try $0.validate() }
    }

    @Test func namesTheRuleARosterBreaks() throws {
        let network = try fixture.genesis.networkID()
        let breaks: [Break<Roster>] = [
            .init("version") { $0.version = 0 },
            .init("network") { $0.network = NetworkID(Digest.of("other", [])) },
            .init("epoch") { $0.epoch = 0 },
            .init("epoch") { $0.epoch = 1 << 53 },
            .init("epoch") { $0.epoch = .min },
            .init("previous") { $0.previous = RosterID(Digest.of("other", [])) },
            .init("previous") { $0.epoch = 2 },
            .init("nodes") { $0.nodes = Array(repeating: $0.nodes[0], count: Roster.maximumNodes + 1) },
            .init("operators") { roster in
                roster.operators = Array(repeating: roster.operators[0], count: Roster.maximumOperators + 1)
            },
            .init("operators[1].key") { roster in
                for index in 0...1 { roster.operators[index].key = Self.key }
            },
            .init("nodes[0].operator") { $0.operators = [] },
            .init("operators[0].name") { $0.operators[0].name = "" },
            .init("operators[0].name") { $0.operators[0].name = "Operator" },
            .init("operators[0].name") { $0.operators[0].name = "operat\u{f6}r" },
            .init("operators[0].name") { $0.operators[0].name = String(repeating: "a", count: 65) },
            .init("operators[0].weight") { $0.operators[0].weight = 0 },
            .init("operators[0].weight") { $0.operators[0].weight = 101 },
            .init("operators[0].weight") { $0.operators[0].weight = .min },
            .init("operators[1].name") { $0.operators[1].name = $0.operators[0].name },
            .init("operators[1].name") { $0.operators.swapAt(0, 1) },
            .init("nodes[0].operator") { $0.nodes[0].operator = "nobody" },
            .init("nodes[0].operator") { $0.nodes[0].operator = "" },
            .init("nodes[0].left_in") { $0.nodes[0].leftIn = 1 },
            .init("nodes[0].left_in") { roster in
                roster.nodes[0].status = .left
                roster.nodes[0].leftIn = 2
            },
            .init("spent") { $0.spent = [] },
            .init("spent[0].uses") { $0.spent = [.init(invitation: .init(Digest.of("a", [])), uses: 0)] },
            .init("spent[0].uses") { $0.spent = [.init(invitation: .init(Digest.of("a", [])), uses: .max)] },
            .init("spent[1].invitation") { roster in
                roster.spent = Array(repeating: .init(invitation: .init(Digest.of("a", [])), uses: 1), count: 2)
            },
            .init("nodes[1].key") { $0.nodes[1].key = $0.nodes[0].key },
            .init("nodes[1].key") { $0.nodes.swapAt(0, 1) },
        ]
        try expectEachNamed(breaks, in: fixture.roster.roster) { try $0.validate(in: network) }
    }

    @Test func namesTheSignatureThatDoesNotCount() throws {
        let stranger = Ed25519.SigningKey()
        let forged = try fixture.roster.roster.signed(by: stranger)
        let breaks: [Break<SignedRoster>] = [
            .init("signatures") { $0.signatures = [] },
            .init("signatures") { $0.signatures = Array(repeating: $0.signatures[0], count: 65) },
            .init("signatures[0].administrator") { $0.signatures[0].administrator = Self.key },
            .init("signatures[0].signature") { $0.signatures[0].signature = forged },
            .init("signatures[1].administrator") {
                $0.signatures.append(.init(administrator: stranger.publicKey, signature: forged))
            },
            .init("version") { $0.roster.version = 2 },
        ]
        try expectEachNamed(breaks, in: fixture.roster) { try $0.validate(in: fixture.genesis) }
    }

    @Test func countsAnAdministratorOnce() throws {
        var genesis = fixture.genesis
        genesis.administrators = .init(keys: [fixture.administrator.publicKey, Self.key], threshold: 2)
        var roster = fixture.roster
        roster.roster.network = try genesis.networkID()
        let signature = try roster.roster.signed(by: fixture.administrator)
        roster.signatures = Array(
            repeating: .init(administrator: fixture.administrator.publicKey, signature: signature), count: 2)
        #expect(throws: InvalidField("signatures[1].administrator", "signed twice")) {
            try roster.validate(in: genesis)
        }
        roster.signatures.removeLast()
        #expect(throws: InvalidField("signatures", "too few administrators signed")) {
            try roster.validate(in: genesis)
        }
    }

    @Test func followsTheChainOfEpochsOnly() throws {
        let first = fixture.roster.roster
        let second = try fixture.nextRoster()
        try second.validate(following: first)
        #expect(throws: InvalidField.self) { try fixture.roster.validate(following: first) }
        #expect(throws: InvalidField.self) { try fixture.roster.validate(following: second.roster) }
        var skipping = second
        skipping.roster.epoch = 3
        #expect(throws: InvalidField.self) { try skipping.validate(following: first) }
        var other = second
        other.roster.previous = RosterID(Digest.of("other", []))
        #expect(throws: InvalidField.self) { try other.validate(following: first) }
        var last = first
        last.epoch = .max
        var wrapped = second
        wrapped.roster.epoch = .min
        #expect(throws: (any Error).self) { try wrapped.validate(following: last) }
    }

    @Test func namesTheRuleANetworkFileBreaks() throws {
        let outcome = KeyGenerationOutcome(
            network: try fixture.genesis.networkID(), threshold: 3, groupKey: Self.key,
            verifyingShares: Array(repeating: Self.key, count: 4), transcript: Digest.of("transcript", []))
        let file = NetworkFile(
            genesis: fixture.genesis, keyGeneration: outcome,
            signatures: try fixture.identities.map {
                .init(signer: $0.key, signature: try outcome.signed(by: $0.value))
            })
        let other = Ed25519.SigningKey().publicKey
        let breaks: [Break<NetworkFile>] = [
            .init("version") { $0.version = 2 },
            .init("signers.threshold") { $0.genesis.signers.threshold = .min },
            .init("key_generation.version") { $0.keyGeneration.version = 2 },
            .init("key_generation.network") { $0.genesis.name = "another" },
            .init("key_generation.threshold") { $0.keyGeneration.threshold = 2 },
            .init("key_generation.verifying_shares") { $0.keyGeneration.verifyingShares.removeLast() },
            .init("signatures") { $0.signatures.removeLast() },
            .init("signatures") { $0.signatures.append($0.signatures[0]) },
            .init("signatures[1].signer") { $0.signatures[1] = $0.signatures[0] },
            .init("signatures[1].signature") { $0.signatures[1].signature = $0.signatures[0].signature },
            .init("signatures[0].signature") { $0.keyGeneration.groupKey = other },
            .init("signatures[0].signature") { $0.keyGeneration.transcript = Digest.of("other", []) },
        ]
        try expectEachNamed(breaks, in: file) { try $0.validate() }
    }
}
