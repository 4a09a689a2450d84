import Canonical
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// One value has one digest, however it was written; two values that differ in a byte have two.
@Suite struct SameBytesTests {
    let request: Request
    let text: String

    init() throws {
        request = try Fixture().request("caf\u{e9}")
        text = String(decoding: try CanonicalJSON.encode(request), as: UTF8.self)
    }

    private func read(_ old: String, as new: String) throws -> Request {
        #expect(text.contains(old))
        return try DNAProtocolTests.read(Request.self, text.replacing(old, with: new))
    }

    @Test(arguments: [
        ("\"version\":1", "\"version\" : 1.0"), ("\"version\":1", "\"version\":1e0"),
        ("\"temperature\":1", "\"temperature\":1.000"), ("\"presence_penalty\":0", "\"presence_penalty\":-0.0"),
        ("\"presence_penalty\":0", "\"presence_penalty\":-0"), ("\"presence_penalty\":0", "\"presence_penalty\":0e9"),
        ("caf\u{e9}", "\\u0063af\\u00e9"), ("\"stop\":[]", "\"stop\":[ ],\"seed\":null"),
    ])
    func hasOneDigestHoweverItWasWritten(old: String, new: String) throws {
        let other = try read(old, as: new)
        #expect(try other.requestID() == request.requestID())
        #expect(other == request)
        #expect(other.sampling.presencePenalty.sign == .plus)
    }

    @Test func tellsTextsApartThatOnlyLookAlike() throws {
        let other = try read("caf\u{e9}", as: "cafe\u{301}")
        #expect(other.input.prompt == request.input.prompt)  // to Swift
        #expect(try other.requestID() != request.requestID())
        #expect(other != request)
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        let messages = [composed, decomposed].map { Request.Input(messages: [.init(role: .user, content: $0)]) }
        #expect(messages[0] != messages[1])
        #expect(Request.Client(idempotencyKey: composed) != Request.Client(idempotencyKey: decomposed))
        let outputs = [composed, decomposed].map { Output(tokens: [1], text: $0, finishReason: .stop) }
        #expect(outputs[0] != outputs[1])
        var stops = [request, request]
        stops[0].stop = [composed]
        stops[1].stop = [decomposed]
        #expect(stops[0] != stops[1])
    }

    @Test func namesTheFirstFieldInWhichTwoRequestsDiffer() throws {
        #expect(request.firstDifference(from: request) == nil)
        let other = Digest.of("other", [])
        let changes: [Break<Request>] = [
            .init("version") { $0.version = 2 }, .init("network") { $0.network = NetworkID(other) },
            .init("model") { $0.model = ModelID(other) }, .init("input") { $0.input.prompt = "cafe\u{301}" },
            .init("sampling") { $0.sampling.topK = 1 }, .init("max_tokens") { $0.maximumTokens += 1 },
            .init("stop") { $0.stop = ["x"] }, .init("seed") { $0.seed = Seed(other) },
            .init("policy") { $0.policy.rule = .unanimous }, .init("client") { $0.client.idempotencyKey = "k" },
        ]
        for entry in changes {
            var changed = request
            entry.change(&changed)
            #expect(request.firstDifference(from: changed) == entry.field)
            #expect(changed != request)
        }
    }

    @Test func refusesWhatItDoesNotKnow() throws {
        #expect(throws: JSONDecodingFailure.unknown(path: "note")) {
            try read("\"version\":1", as: "\"note\":1,\"version\":1")
        }
        #expect(throws: JSONDecodingFailure.unknown(path: "policy.note")) {
            try read("\"mode\":", as: "\"note\":1,\"mode\":")
        }
        #expect(throws: JSONDecodingFailure.self) { try read("\"version\":1", as: "\"version\":1,\"version\":1") }
        #expect(throws: JSONDecodingFailure.self) { try read("\"version\":1", as: "\"version\":1.5") }
    }

    @Test func refusesADigestInAnotherSpelling() throws {
        let hex = request.network.hex
        #expect(throws: JSONDecodingFailure.self) { try read(hex, as: hex.uppercased()) }
        #expect(throws: JSONDecodingFailure.self) { try read(hex, as: String(hex.dropLast(2))) }
        #expect(throws: JSONDecodingFailure.self) { try read(hex, as: "0x" + hex) }
    }

    @Test func keepsStatementsOfDifferentKindsApart() throws {
        let body = try Fixture().nextRoster().roster
        #expect(try body.digest().digest != Digest.of(Genesis.context, canonical: body))
        let key = Ed25519.SigningKey()
        let prompt = Prompt(tokens: [1])
        #expect(try prompt.isSigned(by: key.publicKey, prompt.signed(by: key)))
        #expect(
            try !Output(tokens: [1], text: "", finishReason: .stop).isSigned(by: key.publicKey, prompt.signed(by: key)))
    }
}
