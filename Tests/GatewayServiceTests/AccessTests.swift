import Cryptography
import Foundation
import GatewayService
import HTTPTypes
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AccessTests {
    private static let key = "dna-key"

    /// A file of one key in a folder of its own.
    private static func write(_ entry: String, to path: String) throws {
        let digest = SHA256.hash(Array(key.utf8)).map { String(format: "%02x", $0) }.joined()
        let text = #"{"keys":[{"name":"app","sha256":"\#(digest)"\#(entry)}]}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static func withKeys(
        _ entry: String = "", _ body: (Fixture, _ file: String, _ fields: HTTPFields) async throws -> Void
    ) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try write(entry, to: file)
        try await Fixture.run(adjust: { $0.apiKeys = file }) { gateway in
            try await body(gateway, file, [.authorization: "Bearer \(key)"])
        }
    }

    @Test func onlyAKnownKeyMayAsk() async throws {
        try await Self.withKeys { gateway, _, fields in
            let missing = try await gateway.get("/v1/models")
            #expect(missing.status == 401)
            #expect(try missing.value("error", "code") == .string("invalid_api_key"))
            #expect(try missing.value("error", "type") == .string("authentication_error"))
            let wrong = try await gateway.post(
                "/v1/chat/completions", question, fields: [.authorization: "Bearer other"])
            #expect(wrong.status == 401)
            #expect(try await gateway.send(.get, "/v1/models", nil, fields: fields).status == 200)
            #expect(try await gateway.get("/v1/network").status == 200)
            #expect(try await gateway.get("/healthz").status == 200)
            #expect(try await gateway.coordinator.requestCount() == 0)
        }
    }

    @Test func aKeyHasSoManyRequestsAMinute() async throws {
        try await Self.withKeys(#","requests_per_minute":2"#) { gateway, _, fields in
            for _ in 0..<2 { #expect(try await gateway.send(.get, "/v1/models", nil, fields: fields).status == 200) }
            let third = try await gateway.send(.get, "/v1/models", nil, fields: fields)
            #expect(third.status == 429)
            #expect(try third.value("error", "code") == .string("rate_limit_exceeded"))
            #expect(Int(third.fields[.retryAfter] ?? "") ?? 0 >= 1)
        }
    }

    @Test func aKeyHasSoManyOpenQuestionsAndItsOwnBounds() async throws {
        let entry = #","open_requests":1,"maximum_tokens":100,"maximum_committee":3"#
        let short = question.replacingOccurrences(of: #""seed":7"#, with: #""seed":7,"max_tokens":10"#)
        try await Self.withKeys(entry) { gateway, _, fields in
            async let first = gateway.post("/v1/chat/completions", short, fields: fields)
            let request = try await gateway.coordinator.openRequest()
            #expect(try await gateway.post("/v1/chat/completions", short, fields: fields).status == 429)
            try await gateway.coordinator.certify(request, paris)
            #expect(try await first.status == 200)
            let long = question.replacingOccurrences(of: #""seed":7"#, with: #""seed":7,"max_tokens":101"#)
            let refused = try await gateway.post("/v1/chat/completions", long, fields: fields)
            #expect(refused.status == 400)
            #expect(try refused.value("error", "param") == .string("max_completion_tokens"))
            let wide = short.replacingOccurrences(
                of: #""seed":7"#, with: #""seed":7,"dna":{"policy":{"maximum_committee":5}}"#)
            #expect(try await gateway.post("/v1/chat/completions", wide, fields: fields).status == 400)
        }
    }

    @Test func aChangedFileIsReadAgain() async throws {
        try await Self.withKeys { gateway, file, fields in
            try Data(#"{"keys":[]}"#.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
            try await eventually { try await gateway.send(.get, "/v1/models", nil, fields: fields).status == 401 }
            // A file that cannot be read changes nothing: this key stays out, and no gate opens.
            try Data("{".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
            #expect(try await gateway.get("/v1/models").status == 401)
            try Self.write("", to: file)
            try await eventually { try await gateway.send(.get, "/v1/models", nil, fields: fields).status == 200 }
        }
    }

    @Test func withoutKeysTheLimitsAreTheAddresss() async throws {
        try await Fixture.run(adjust: { $0.anonymous.requestsPerMinute = 1 }) { gateway in
            let first = try await gateway.get("/v1/models")
            let second = try await gateway.get("/v1/models")
            #expect((first.status, second.status) == (200, 429))
        }
    }

    @Test func aFullNetworkTakesNothingNew() async throws {
        try await Fixture.run(adjust: { $0.networkRequests = 1 }) { gateway in
            async let first = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            let other = question.replacingOccurrences(of: #""seed":7"#, with: #""seed":8"#)
            let second = try await gateway.post("/v1/chat/completions", other)
            #expect(second.status == 503)
            #expect(second.fields[.retryAfter] == "1")
            try await gateway.coordinator.certify(request, paris)
            #expect(try await first.status == 200)
        }
    }

    @Test func tokensComeBackWithTime() throws {
        let access = ClientAccess()
        let limits = ClientLimits(requestsPerMinute: 60)
        let start = ContinuousClock.now
        for _ in 0..<60 { try access.count(.key("a"), limits, at: start) }
        #expect(throws: ClientAccess.Refusal.tooManyRequests(retryAfter: 1)) {
            try access.count(.key("a"), limits, at: start)
        }
        try access.count(.key("b"), limits, at: start)
        try access.count(.key("a"), limits, at: start + .seconds(1))
    }
}
