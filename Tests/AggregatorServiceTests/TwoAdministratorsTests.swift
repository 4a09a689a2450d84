import Cryptography
import DNAProtocol
import HTTPTransport
import TestKit
import Testing

/// Where two of two administrators must sign, each at a command line of its own.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TwoAdministratorsTests {
    private func run(_ body: (Town, HTTPOrigin, Terminal, Terminal) async throws -> Void) async throws {
        try await Town.run(administrators: 2) { town in
            let origin = try await town.startAggregator()
            // One has an aggregator on its list that answers nobody.
            let nobody = HTTPOrigin(host: "127.0.0.1", port: 1)
            let one = try Terminal(town, key: town.fixture.administrator, aggregators: [nobody, origin])
            let two = try Terminal(town, key: town.fixture.second, aggregators: [origin])
            defer {
                one.remove()
                two.remove()
            }
            try await body(town, origin, one, two)
        }
    }

    /// The id under which the epoch waits, as the command names it.
    private func proposal(in outcome: Command.Outcome) throws -> String {
        #expect(outcome.status == 0, "\(outcome.text)")
        let command = try #require(outcome.text.firstRange(of: "dna nodes approve --proposal "), "\(outcome.text)")
        return String(outcome.text[command.upperBound...].prefix { $0.isHexDigit })
    }

    @Test func aNodeIsLetInByTheSecondSignature() async throws {
        try await run { town, origin, one, two in
            let json = town.json(origin)
            let (key, token) = (Ed25519.SigningKey(), try town.fixture.invitation())
            _ = try await town.join(key, by: [token], at: json)
            let id = try proposal(in: try await one.nodes("approve", key.publicKey.hex))
            // The same signature again is still one.
            #expect(try await one.nodes("approve", "--proposal", id).text.contains("waits for more"))
            #expect(try await town.join(key, by: [token], at: json).status == .pending)
            #expect(try await town.store.newestRosterID() == (try town.fixture.roster.roster.rosterID()))

            let shown = try await two.nodes("list")
            #expect(shown.text.contains("1 of 2 signatures"), "\(shown.text)")
            let signed = try await two.nodes("approve", "--proposal", id)
            #expect(signed.status == 0 && signed.text.contains("epoch 2 is in force"), "\(signed.text)")
            #expect(try await town.join(key, by: [token], at: json).status == .active)
            let roster: SignedRoster = try await json.get("/v1/roster")
            #expect(roster.signatures.count == 2)
        }
    }

    @Test func aNodeIsShutOutByTheSecondSignature() async throws {
        try await run { town, origin, one, two in
            let (key, _) = try #require(town.fixture.nodes.first)
            let node = try town.node(key, at: origin)
            _ = try proposal(in: try await one.nodes("revoke", key.hex))
            #expect(try await town.refusal { _ = try await node.poll(wait: 0).send(to: node) } == nil)
            // Who asks for the same signs the same epoch.
            let signed = try await two.nodes("revoke", key.hex)
            #expect(signed.status == 0 && signed.text.contains("epoch 2 is in force"), "\(signed.text)")
            let refusal = try await town.refusal { _ = try await node.poll(wait: 0).send(to: node) }
            #expect(refusal?.type == "urn:dna:problem:revoked")
        }
    }
}
