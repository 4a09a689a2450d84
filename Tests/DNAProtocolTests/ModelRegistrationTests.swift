import Canonical
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct ModelRegistrationTests {
    let fixture: Fixture
    let registered: RegisteredModel

    init() throws {
        fixture = try Fixture(administrators: 2)
        let body = ModelRegistration.Body(
            network: try fixture.genesis.networkID(), model: try fixture.model().id, alias: "smollm2",
            at: Timestamp(seconds: 1_800_000_000))
        registered = RegisteredModel(
            registration: ModelRegistration(
                body: body,
                signatures: try [fixture.administrator, fixture.second].map {
                    .init(administrator: $0.publicKey, signature: try body.signed(by: $0))
                }),
            model: try fixture.model())
    }

    @Test func namesTheRuleItBreaks() throws {
        let other = Ed25519.SigningKey()
        let breaks: [Break<RegisteredModel>] = [
            .init("version") { $0.registration.body.version = 2 },
            .init("network") { $0.registration.body.network = NetworkID(.of("other", [])) },
            .init("registration.body.model") { $0.registration.body.model = ModelID(.of("other", [])) },
            .init("alias") { $0.registration.body.alias = "" },
            .init("alias") { $0.registration.body.alias = "SmolLM2" },
            .init("alias") { $0.registration.body.alias = "org/model" },
            .init("alias") { $0.registration.body.alias = "\($0.model.id)" },
            .init("sources") { $0.registration.body.sources = [] },
            .init("sources") { body in
                body.registration.body.sources = (0...8).map { "https://host-\($0)/#\(body.model.id)" }
            },
            .init("sources") { $0.registration.body.sources = ["ipfs://\($0.model.id)", "ipfs://\($0.model.id)"] },
            .init("sources[0]") { $0.registration.body.sources = ["/a/folder"] },
            .init("sources[0]") { $0.registration.body.sources = ["ftp://host/#\($0.model.id)"] },
            .init("sources[0]") { $0.registration.body.sources = ["ipfs://\(ModelID(.of("other", [])))"] },
            .init("sources[0]") { $0.registration.body.sources = ["https://host/path"] },
            .init("sources[0]") { $0.registration.body.sources = ["https://#\($0.model.id)"] },
            .init("sources[0]") { $0.registration.body.sources = ["https://host/\u{e9}#\($0.model.id)"] },
            .init("sources[0]") { $0.registration.body.sources = ["https://host/a b#\($0.model.id)"] },
            .init("sources[0]") { body in
                let path = String(repeating: "a", count: 2_048)
                body.registration.body.sources = ["https://host/\(path)#\(body.model.id)"]
            },
            .init("sources[1]") {
                $0.registration.body.sources = ["ipfs://\($0.model.id)", "ar://\(String(repeating: "A", count: 42))"]
            },
            .init("sources[0]") { $0.registration.body.sources = ["ar://\(String(repeating: "A", count: 42))="] },
            // Good addresses; the signature is over others.
            .init("signatures[0].signature") { body in
                body.registration.body.sources = [
                    "https://host/path#\(body.model.id)", "http://host:8080#\(body.model.id)",
                    "ar://\(String(repeating: "A", count: 43))", "ipfs://\(body.model.id)",
                ]
            },
            .init("withdrawn") { $0.registration.body.withdrawn = false },
            .init("withdrawn") { $0.registration.body.withdrawn = true },
            .init("withdrawn") { registered in
                registered.registration.body.withdrawn = true
                registered.registration.body.alias = nil
                registered.registration.body.sources = ["ipfs://\(registered.model.id)"]
            },
            .init("signatures") { $0.registration.signatures.removeLast() },
            .init("signatures") { $0.registration.signatures[1] = $0.registration.signatures[0] },
            .init("signatures[0].signature") { $0.registration.body.at = $0.registration.body.at + 1 },
            .init("signatures[0].signature") { $0.registration.body.alias = nil },
            .init("signatures[1].administrator") {
                $0.registration.signatures[1] = .init(
                    administrator: other.publicKey, signature: $0.registration.signatures[1].signature)
            },
        ]
        try expectEachNamed(breaks, in: registered) { try $0.validate(in: fixture.genesis) }
    }

    @Test func isHadFromIPFSUnlessItSaysOtherwise() {
        var body = registered.registration.body
        #expect(body.addresses == ["ipfs://\(registered.model.id)"])
        body.sources = ["ar://\(String(repeating: "A", count: 43))"]
        #expect(body.addresses == body.sources)
    }

    @Test func survivesJSON() throws {
        let bytes = try CanonicalJSON.encode(RegisteredModels(models: [registered]))
        let read = try CanonicalJSON.decode(RegisteredModels.self, from: bytes, unknownKeys: .refused)
        #expect(read.models == [registered])
        // A listing whose manifest is another model's is refused as it is read.
        let altered = String(decoding: bytes, as: UTF8.self).replacing(
            "\"licence\":\"Apache-2.0\"", with: "\"licence\":\"MIT\"")
        #expect(throws: JSONDecodingFailure.self) {
            try CanonicalJSON.decode(RegisteredModels.self, from: Array(altered.utf8))
        }
    }

    @Test func keepsTheNetworksRulesForModels() throws {
        var genesis = fixture.genesis
        genesis.models = .init(signed: true)
        var body = registered.registration.body
        body.network = try genesis.networkID()
        let registration = ModelRegistration(
            body: body,
            signatures: try [fixture.administrator, fixture.second].map {
                .init(administrator: $0.publicKey, signature: try body.signed(by: $0))
            })
        #expect(throws: InvalidField("author", "must be there: this network serves signed models only")) {
            try RegisteredModel(registration: registration, model: registered.model).validate(in: genesis)
        }
    }
}
