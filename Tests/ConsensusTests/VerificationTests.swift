import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct VerificationTests {
    /// A network file and a bundle under an ordinary key in the group's place: verifiers cannot tell the difference.
    private func sealed(_ alter: (inout Bundle) -> Void = { _ in }) throws -> (Bundle, NetworkFile) {
        var fixture = try Fixture()
        let identities = (1...4).map { _ in Ed25519.SigningKey() }
        for (index, key) in identities.enumerated() {
            fixture.genesis.signers.members[index].identity = key.publicKey
        }
        fixture = try fixture.refounded()
        let group = Ed25519.SigningKey()
        let outcome = KeyGenerationOutcome(
            network: try fixture.genesis.networkID(), threshold: 3, groupKey: group.publicKey,
            verifyingShares: identities.map(\.publicKey), transcript: Digest.of("transcript", []))
        let file = NetworkFile(
            genesis: fixture.genesis, keyGeneration: outcome,
            signatures: try identities.enumerated().map {
                .init(signer: $0.offset + 1, signature: try outcome.signed(by: $0.element))
            })
        let evidence = try fixture.evidence(try fixture.request())
        let decision = try #require(
            try Decision(winners: evidence.votes, set: try evidence.set.root(), decidedAt: Timestamp(seconds: 1)))
        var bundle = Bundle(
            certificate: Certificate(
                decision: decision, groupKey: group.publicKey, signature: try decision.signed(by: group)),
            evidence: evidence, prompt: Prompt(tokens: [1, 2, 3]),
            output: Output(tokens: Array("Paris".utf8).map(Int.init), text: "Paris", finishReason: .stop))
        alter(&bundle)
        return (bundle, file)
    }

    private func failures(_ bundle: Bundle, _ file: NetworkFile?) -> [String] {
        Verification(of: bundle, networkFile: file).checks.filter { $0.failure != nil }.map(\.name)
    }

    @Test func acceptsWhatTheNetworkSigned() throws {
        let (bundle, file) = try sealed()
        #expect(failures(bundle, file) == [])
        #expect(Verification(of: bundle, networkFile: file).verdict == .valid)
    }

    @Test func knowsNoSignerWithoutANetworkFile() throws {
        let (bundle, _) = try sealed()
        #expect(Verification(of: bundle, networkFile: nil).verdict == .selfConsistent)
    }

    @Test func namesWhatWasAltered() throws {
        let alterations: [(String, (inout Bundle) -> Void)] = [
            ("output", { $0.output.text = "London" }),
            ("output", { $0.output.tokens[0] += 1 }),
            ("prompt", { $0.prompt.tokens[0] += 1 }),
            ("request", { $0.evidence.request.maximumTokens += 1 }),
            ("signature", { $0.certificate.decision.tokens += 1 }),
            ("evidence", { $0.evidence.votes.removeAll() }),
        ]
        for (name, alter) in alterations {
            let (bundle, file) = try sealed(alter)
            #expect(failures(bundle, file).contains(name))
            #expect(Verification(of: bundle, networkFile: file).verdict == .invalid)
        }
    }

    @Test func refusesAnotherNetworksKey() throws {
        let (bundle, _) = try sealed()
        let (_, other) = try sealed()
        #expect(failures(bundle, other) == ["network", "group key", "evidence"])
    }

    @Test func refusesANetworkFileThatOneSignerDidNotSign() throws {
        var (bundle, file) = try sealed()
        file.signatures[3].signature = file.signatures[2].signature
        #expect(failures(bundle, file) == ["network file"])
        file.signatures.removeLast()
        #expect(failures(bundle, file) == ["network file"])
        bundle.certificate.groupKey = file.genesis.administrators.keys[0]
        #expect(failures(bundle, nil) == ["signature"])
    }
}

extension Fixture {
    /// The same nodes and model on a network of the changed genesis.
    func refounded() throws -> Fixture {
        var copy = self
        copy.roster.roster.network = try genesis.networkID()
        copy.roster.signatures[0].signature = try copy.roster.roster.signed(by: administrator)
        return copy
    }
}
