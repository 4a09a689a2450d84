import Canonical
import CoordinatorStore
import DNAProtocol
import GatewayService
import HTTPTransport
import HTTPTypes
import ServiceKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RefusalTests {
    @Test func aFailureHasItsVotesAttachedAndMayBeAskedAgain() async throws {
        try await Fixture.run { gateway in
            let outputs = ["Paris.", "Lyon.", "Nice."].map { Output(tokens: [1], text: $0, finishReason: .stop) }
            let reply = try await gateway.chat { try await gateway.coordinator.failWithoutQuorum($0, outputs: outputs) }
            #expect(reply.status == 502)
            #expect(try reply.value("error", "code") == .string("no_quorum"))
            #expect(try reply.value("error", "type") == .string("server_error"))
            #expect(reply.fields[.shouldRetry] == "false")
            guard case .string(let id)? = try reply.value("dna", "request_id") else { throw Missing() }
            let status = try await gateway.get("/v1/requests/\(id)")
            #expect(try status.value("state") == .string("failed"))
            #expect(try status.value("reason") == .string("no_quorum"))
            for index in ["0", "1", "2"] {
                let vote = try CanonicalJSON.decode(
                    Vote.self, from: try #require(try status.value("rounds", "0", "votes", index)))
                #expect(try vote.isSigned())
            }
            // Asked again, the same request gets another attempt.
            async let again = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            #expect(try request.requestID().hex == id)
            try await gateway.coordinator.end(request, .failed, reason: "too_few_nodes")
            #expect(try await again.status == 503)
            #expect(try await again.fields[.retryAfter] != nil)
            #expect(try await gateway.get("/v1/requests/\(id)").value("attempt") == .integer(2))
        }
    }

    private struct Missing: Error {}

    @Test func whatTooFewNodesServeIsRefusedAtOnceAndAnsweredWhenTheyDo() async throws {
        try await Fixture.run { gateway in
            let nodes = gateway.network.nodes.map(\.publicKey)
            for few in [[], [nodes[1]]] {
                try await gateway.coordinator.serve(few)
                let refused = try await gateway.post("/v1/chat/completions", question)
                #expect(refused.status == 503)
                #expect(try refused.value("error", "code") == .string("too_few_nodes"))
                #expect(refused.fields[.retryAfter] == "5")
            }
            #expect(try await gateway.coordinator.requestCount() == 0)
            // The command line says it in these words.
            let client = JSONClient(gateway.client, origin: HTTPOrigin(host: "127.0.0.1", port: gateway.port))
            let body = try CanonicalJSON.parse(Array(question.utf8))
            let error = await #expect(throws: ServiceError.self) {
                _ = try await client.post("/v1/chat/completions", body, as: JSONValue.self)
            }
            #expect(error?.message == "too few nodes serve this model now (too_few_nodes)")
            // Two of three can agree.
            try await gateway.coordinator.serve(Array(nodes.dropFirst()))
            #expect(try await gateway.chat { try await gateway.coordinator.certify($0, paris) }.status == 200)
            // An answer that is there needs nobody.
            try await gateway.coordinator.serve([])
            #expect(try await gateway.post("/v1/chat/completions", question).status == 200)
        }
    }

    @Test func whereNobodyWasHeardNobodyIsToBlame() async throws {
        try await Fixture.run { gateway in
            try await gateway.coordinator.hearNobody()
            #expect(try await gateway.chat { try await gateway.coordinator.certify($0, paris) }.status == 200)
        }
    }

    @Test func whatFailedIsNotBegunAgainWithTooFewNodes() async throws {
        try await Fixture.run { gateway in
            let failed = try await gateway.chat {
                try await gateway.coordinator.end($0, .failed, reason: "signing_failed")
            }
            #expect(failed.status == 503)
            try await gateway.coordinator.serve([])
            let again = try await gateway.post("/v1/chat/completions", question)
            #expect(again.status == 503)
            #expect(try again.value("error", "code") == .string("too_few_nodes"))
        }
    }

    @Test func aLateAnswerIsThereForWhoAsksAgain() async throws {
        try await Fixture.run(adjust: { $0.requestTimeout = .milliseconds(1) }) { gateway in
            let late = try await gateway.post("/v1/chat/completions", question)
            #expect(late.status == 504)
            #expect(try late.value("error", "code") == .string("deadline_exceeded"))
            let request = try await gateway.coordinator.openRequest()
            #expect(try late.value("dna", "request_id") == .string(try request.requestID().hex))
            try await gateway.coordinator.certify(request, paris)
            #expect(try await gateway.post("/v1/chat/completions", question).status == 200)
        }
    }

    @Test func anExpiredRequestIsAGatewayTimeout() async throws {
        try await Fixture.run { gateway in
            let reply = try await gateway.chat { try await gateway.coordinator.end($0, .expired) }
            #expect(reply.status == 504)
            #expect(try reply.value("error", "code") == .string("request_expired"))
        }
    }

    @Test func aTooLongPromptIsACertifiedRefusal() async throws {
        try await Fixture.run { gateway in
            let output = Output(tokens: [], text: "", finishReason: .promptTooLong)
            let reply = try await gateway.chat { try await gateway.coordinator.certify($0, output) }
            #expect(reply.status == 400)
            #expect(try reply.value("error", "code") == .string("context_length_exceeded"))
            #expect(try reply.value("error", "param") == .string("messages"))
            #expect(try reply.value("dna", "certificate", "decision", "finish_reason") == .string("prompt_too_long"))
        }
    }

    @Test func aConversationThatTheTemplateRefusesIsACertifiedRefusalThatSaysWhy() async throws {
        try await Fixture.run { gateway in
            let output = Output(tokens: [], text: "users must take turns", finishReason: .promptRefused)
            let reply = try await gateway.chat { try await gateway.coordinator.certify($0, output) }
            #expect(reply.status == 400)
            #expect(try reply.value("error", "code") == .string("prompt_refused"))
            #expect(try reply.value("error", "message") == .string("messages: users must take turns"))
            #expect(try reply.value("dna", "certificate", "decision", "finish_reason") == .string("prompt_refused"))
        }
    }

    @Test func aNumericErrorIsCertifiedAndNotToBeRetried() async throws {
        try await Fixture.run { gateway in
            let output = Output(tokens: [9], text: "", finishReason: .numericError)
            let reply = try await gateway.chat { try await gateway.coordinator.certify($0, output) }
            #expect(reply.status == 500)
            #expect(try reply.value("error", "code") == .string("numeric_error"))
            #expect(reply.fields[.shouldRetry] == "false")
            #expect(try reply.value("dna", "certificate", "signature") != nil)
        }
    }

    @Test func saysWhatIsWrongWithABody() async throws {
        try await Fixture.run { gateway in
            let malformed = try await gateway.post("/v1/chat/completions", #"{"model": "org/small", "messages": ["#)
            #expect(malformed.status == 400)
            #expect(try malformed.value("error", "code") == .string("invalid_json"))
            #expect(try malformed.value("error", "param") == .null)
            #expect(try malformed.value("error", "type") == .string("invalid_request_error"))
            let typed = try await gateway.post("/v1/chat/completions", #"{"model": 1}"#)
            #expect(try typed.value("error", "param") == .string("model"))
            let unknown = try await gateway.post(
                "/v1/chat/completions", #"{"model":"gpt","messages":[{"role":"user","content":"Hi"}]}"#)
            #expect(unknown.status == 404)
            #expect(try unknown.value("error", "code") == .string("model_not_found"))
            #expect(try unknown.value("error", "param") == .string("model"))
            let form = try await gateway.post(
                "/v1/chat/completions", question, fields: [.contentType: "application/x-www-form-urlencoded"])
            #expect(form.status == 415)
            let large = try await gateway.post(
                "/v1/completions", #"{"model":"m","prompt":""# + String(repeating: "a", count: 9 << 20) + #""}"#)
            #expect(large.status == 413)
            #expect(try large.value("error", "type") == .string("invalid_request_error"))
            #expect(try await gateway.coordinator.requestCount() == 0)
        }
    }

    @Test func saysWhatIsWrongWithAPath() async throws {
        try await Fixture.run { gateway in
            for path in ["/", "/v2", "/v1/embeddings"] {
                let reply = try await gateway.get(path)
                #expect(reply.status == 404)
                #expect(throws: Never.self) { try reply.json }
            }
            #expect(try await gateway.get("/v1/embeddings").value("error", "message") != nil)
            let method = try await gateway.get("/v1/chat/completions")
            #expect(method.status == 405)
            #expect(method.fields[.allow] == "POST")
            #expect(try method.value("error", "type") == .string("invalid_request_error"))
            let malformed = try await gateway.get("/v1/requests/1")
            #expect(malformed.status == 400)
            #expect(try malformed.value("field") == .string("id"))
            let missing = try await gateway.get("/v1/requests/\(String(repeating: "0", count: 64))")
            #expect(missing.status == 404)
        }
    }

    @Test func isNotReadyBeforeTheNetworkHasItsKey() async throws {
        try await Fixture.run(isRegistered: false) { gateway in
            for _ in 0..<2 {
                let reply = try await gateway.post("/v1/chat/completions", question)
                #expect(reply.status == 503)
                #expect(reply.fields[.retryAfter] != nil)
                #expect(try reply.value("error", "type") == .string("server_error"))
                #expect(try await gateway.get("/v1/network").status == 503)
                // The second time round the genesis is there, and the key is not.
                _ = try? await gateway.coordinator.registerGenesis()
            }
            let readiness = try await gateway.get("/readyz")
            #expect(readiness.status == 503)
            #expect(try readiness.value("checks", "0", "name") == .string("database"))
            #expect(try readiness.value("checks", "0", "ready") == .bool(true))
            #expect(try readiness.value("checks", "1", "ready") == .bool(false))
            #expect(try readiness.value("checks", "3", "name") == .string("workers"))
            #expect(try readiness.value("checks", "3", "ready") == .bool(false))
            #expect(try readiness.value("checks", "4", "name") == .string("aggregator"))
            #expect(
                try readiness.value("checks", "4", "detail") == .string("1 of 1 aggregators does not answer"))
            #expect(try await gateway.get("/healthz").status == 200)
        }
    }

    @Test func onlySoManyClientsMayWait() async throws {
        try await Fixture.run(adjust: { $0.waiters = 1 }) { gateway in
            async let first = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            let second = try await gateway.post("/v1/chat/completions", question)
            #expect(second.status == 503)
            #expect(try second.value("error", "code") == .string("overloaded"))
            #expect(second.fields[.retryAfter] == "1")
            try await gateway.coordinator.certify(request, paris)
            #expect(try await first.status == 200)
        }
    }
}
