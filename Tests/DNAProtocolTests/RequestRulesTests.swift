import Canonical
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct RequestRulesTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    static let samplingBreaks: [Break<Sampling>] = [
        .init("temperature") { $0.temperature = -0.1 }, .init("temperature") { $0.temperature = 2.1 },
        .init("temperature") { $0.temperature = .nan }, .init("temperature") { $0.temperature = .infinity },
        .init("top_p") { $0.topP = 0 }, .init("top_p") { $0.topP = 1.1 }, .init("top_p") { $0.topP = .nan },
        .init("top_k") { $0.topK = -1 }, .init("top_k") { $0.topK = 1_000_001 },
        .init("min_p") { $0.minP = -0.1 }, .init("min_p") { $0.minP = 1.1 }, .init("min_p") { $0.minP = .nan },
        .init("repetition_penalty") { $0.repetitionPenalty = 0 },
        .init("repetition_penalty") { $0.repetitionPenalty = 10.1 },
        .init("presence_penalty") { $0.presencePenalty = -2.1 },
        .init("frequency_penalty") { $0.frequencyPenalty = 2.1 },
    ]

    @Test func namesTheRuleSamplingBreaks() throws {
        try expectEachNamed(Self.samplingBreaks, in: Sampling()) { try $0.validate() }
    }

    @Test func namesTheRuleARequestBreaks() throws {
        let breaks: [Break<Request>] = [
            .init("version") { $0.version = 2 },
            .init("temperature") { $0.sampling.temperature = 3 },
            .init("max_tokens") { $0.maximumTokens = 0 },
            .init("max_tokens") { $0.maximumTokens = .min },
            .init("max_tokens") { $0.maximumTokens = 1_048_577 },
            .init("stop") { $0.stop = Array(repeating: "x", count: 5) },
            .init("stop[1]") { $0.stop = ["x", ""] },
            .init("stop[0]") { $0.stop = [String(repeating: "\u{e9}", count: 129)] },
            .init("idempotency_key") { $0.client.idempotencyKey = "" },
            .init("idempotency_key") { $0.client.idempotencyKey = String(repeating: "k", count: 257) },
            .init("input") { $0.input.messages = [.init(role: .user, content: "x")] },
            .init("input") { $0.input.prompt = nil },
            .init("prompt") { $0.input.prompt = "" },
            .init("prompt") { $0.input.prompt = String(repeating: "x", count: Request.maximumInputBytes + 1) },
            .init("messages") { $0.input = .init(messages: []) },
            .init("messages") {
                $0.input = .init(
                    messages: Array(repeating: .init(role: .user, content: ""), count: Request.maximumMessages + 1))
            },
            .init("messages") {
                let half = String(repeating: "x", count: Request.maximumInputBytes / 2 + 1)
                $0.input = .init(messages: Array(repeating: .init(role: .user, content: half), count: 2))
            },
        ]
        try expectEachNamed(breaks, in: try fixture.request()) { try $0.validate() }
    }

    @Test func namesTheRuleAManifestBreaks() throws {
        let breaks: [Break<Manifest>] = [
            .init("version") { $0.version = 2 },
            .init("name") { $0.name = "" },
            .init("licence") { $0.licence = String(repeating: "x", count: 129) },
            .init("numerics") { $0.numerics = "dna-numerics-2" },
            .init("context_length") { $0.contextLength = 15 },
            .init("context_length") { $0.contextLength = .max },
            .init("chat_template") { $0.chatTemplate = "GGUF" },
            .init("top_k") { $0.sampling.topK = .min },
            .init("files") { $0.files = [] },
            .init("files") {
                $0.files.append(.init(name: "b.gguf", role: .weights, size: 1, sha256: $0.files[0].sha256))
            },
            .init("files") { $0.files = Array(repeating: $0.files[0], count: 65) },
            .init("files[0].size") { $0.files[0].size = 0 },
            .init("files[0].size") { $0.files[0].size = .min },
            .init("files[0].size") { $0.files[0].size = 1 << 53 },
            .init("policy.committee") { $0.policy.committee = 0 },
            .init("name") { $0.name = "line\nbreak" },
            .init("name") { $0.name = "\(ModelID(.of("other", [])))" },
            .init("release") { $0.release = "" },
            .init("description") { $0.description = String(repeating: "x", count: 4_097) },
            .init("architecture") { $0.architecture = "" },
            .init("tokenizer") { $0.tokenizer = "tokenizer.json" },
            .init("import_profile") { $0.importProfile = "ipfs-add" },
            .init("environment.memory") { $0.environment.memory = -1 },
            .init("environment.disk") { $0.environment.disk = 1 << 53 },
            .init("environment.engine.below") { $0.environment.engine.below = $0.environment.engine.minimum },
            .init("limits.max_tokens") { $0.limits = .init(maximumTokens: 0) },
            .init("limits.max_temperature") { $0.limits = .init(maximumTemperature: 2.5) },
            .init("sampling.temperature") { $0.limits = .init(maximumTemperature: 0.5) },
            .init("files[0].role") {
                $0.files.insert(.init(name: "a.lua", role: .policyScript, size: 1, sha256: $0.files[0].sha256), at: 0)
            },
            .init("signature") { $0.author = Ed25519.SigningKey().publicKey },
            .init("signature") {
                // Signed by another than the named author.
                $0.signature = (try? $0.signed(by: Ed25519.SigningKey()))?.signature
                $0.author = Ed25519.SigningKey().publicKey
            },
        ]
        try expectEachNamed(breaks, in: fixture.manifest) { try $0.validate(within: fixture.genesis) }
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "../model.gguf", "a/b", "/a", "a/", "a/\u{301}b", "..\u{301}", "a\\b", "a\u{0}b",
        "a\nb",
        "manifest.json", String(repeating: "a", count: 256),
    ])
    func refusesAFileNameThatLeavesTheFolder(name: String) throws {
        var manifest = fixture.manifest
        manifest.files[0].name = name
        #expect(throws: InvalidField("files[0].name", "must be a plain file name")) { try manifest.validate() }
    }

    @Test func namesTheRuleAPolicyBreaks() throws {
        let breaks: [Break<Policy>] = [
            .init("policy.committee") { $0.committee = 0 },
            .init("policy.committee") { $0.committee = .min },
            .init("policy.committee") { ($0.committee, $0.quorum) = (1, 1) },
            .init("policy.maximum_committee") { $0.maximumCommittee = 3 },
            .init("policy.maximum_committee") { $0.maximumCommittee = .min },
            .init("policy.maximum_committee") { $0.maximumCommittee = 17 },
            .init("policy.maximum_committee") { $0.committee = .max },
            .init("policy.quorum") { $0.quorum = nil },
            .init("policy.quorum") { $0.rule = .majority },
            .init("policy.quorum") { $0.quorum = 0 },
            .init("policy.quorum") { $0.quorum = 5 },
            .init("policy.quorum") { $0.quorum = .min },
            .init("policy.quorum") { $0.quorum = .max },
            .init("policy.quorum") { $0.quorum = 2 },
        ]
        let policy = Policy(rule: .quorum, quorum: 3, committee: 4, maximumCommittee: 6)
        try expectEachNamed(breaks, in: policy) { try $0.validate(within: fixture.genesis) }
        let development = try Fixture(development: true)
        try Policy(rule: .majority, committee: 1).validate(within: development.genesis)
        try Policy(rule: .quorum, quorum: 1, committee: 3).validate(within: development.genesis)
    }

    @Test func namesTheFieldThatIsNotNarrower() {
        let model = Policy(rule: .majority, committee: 3, maximumCommittee: 5)
        let wishes: [(String, Policy)] = [
            ("policy.committee", Policy(rule: .majority, committee: 2)),
            ("policy.maximum_committee", Policy(rule: .majority, committee: 3, maximumCommittee: 6)),
            ("policy.quorum", Policy(rule: .quorum, committee: 3)),
            ("policy.quorum", Policy(rule: .majority, quorum: 2, committee: 3)),
            ("policy.quorum", Policy(rule: .quorum, quorum: 4, committee: 3)),
            ("policy.rule", Policy(rule: .quorum, quorum: 1, committee: 3)),
        ]
        for (field, wish) in wishes {
            #expect("\(wish)") {
                try model.narrowed(by: wish)
            } throws: { error in
                (error as? InvalidField)?.field == field
            }
        }
    }

    @Test func narrowsWithoutTrapsWhateverIsWished() {
        let extremes = [Int.min, -1, 0, 1, 3, Int.max]
        let model = Policy(rule: .quorum, quorum: 3, committee: 4, maximumCommittee: 6)
        for rule in Policy.Rule.allCases {
            for (quorum, size, most) in extremes.flatMap({ q in extremes.flatMap { s in extremes.map { (q, s, $0) } } })
            {
                let wish = Policy(rule: rule, quorum: quorum, committee: size, maximumCommittee: most)
                _ = try? model.narrowed(by: wish)
                _ = try? Policy(rule: .majority, committee: 3).narrowed(by: wish)
            }
        }
    }
}
