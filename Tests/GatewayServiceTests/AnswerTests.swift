import Canonical
import Cryptography
import DNAProtocol
import Foundation
import GatewayService
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AnswerTests {
    @Test func answersAChatQuestionWithItsCertificate() async throws {
        try await Fixture.run { gateway in
            let reply = try await gateway.chat { try await gateway.coordinator.certify($0, paris) }
            #expect(reply.status == 200)
            let row = try await gateway.coordinator.pool.query("SELECT id FROM requests").one()
            let id = Hexadecimal.encode(try row.value("id", as: [UInt8].self))
            #expect(try reply.value("id") == .string("chatcmpl-\(id)"))
            #expect(try reply.value("object") == .string("chat.completion"))
            #expect(try reply.value("model") == .string("org/small"))
            #expect(try reply.value("created") == .integer(1_800_000_001))
            #expect(
                try reply.value("choices")
                    == .array([
                        .object([
                            "index": .integer(0), "finish_reason": .string("stop"), "logprobs": .null,
                            "message": .object([
                                "role": .string("assistant"), "content": .string("Paris."), "refusal": .null,
                            ]),
                        ])
                    ]))
            #expect(
                try reply.value("usage")
                    == .object([
                        "prompt_tokens": .integer(3), "completion_tokens": .integer(3), "total_tokens": .integer(6),
                    ]))
            #expect(try reply.value("dna", "request_id") == .string(id))
            #expect(try reply.value("dna", "seed") == .string(Seed(integer: 7).description))
            #expect(try reply.value("dna", "seed_source") == .string("client"))
            let certificate = try CanonicalJSON.decode(
                Certificate.self, from: try #require(try reply.value("dna", "certificate")))
            #expect(certificate.groupKey == gateway.network.groupKey.publicKey)
            #expect(try certificate.isSelfConsistent())
        }
    }

    @Test func answersATextQuestion() async throws {
        try await Fixture.run { gateway in
            async let reply = gateway.post("/v1/completions", #"{"model":"org/small","prompt":"Once","max_tokens":3}"#)
            let request = try await gateway.coordinator.openRequest()
            #expect(request.input.prompt == "Once")
            try await gateway.coordinator.certify(
                request, Output(tokens: [4, 5, 6], text: " upon a", finishReason: .length))
            #expect(try await reply.value("object") == .string("text_completion"))
            #expect(try await reply.value("choices", "0", "text") == .string(" upon a"))
            #expect(try await reply.value("choices", "0", "finish_reason") == .string("length"))
            #expect(try await reply.value("id") == .string("cmpl-\(request.requestID())"))
        }
    }

    @Test func theSameQuestionTwiceIsOneRequestWithOneAnswer() async throws {
        try await Fixture.run { gateway in
            let first = try await gateway.chat { try await gateway.coordinator.certify($0, paris) }
            let second = try await gateway.post("/v1/chat/completions", question)
            #expect(first.status == 200)
            #expect(first.bytes == second.bytes)
            #expect(try await gateway.coordinator.requestCount() == 1)
        }
    }

    @Test func twoClientsWaitForOneRequest() async throws {
        try await Fixture.run { gateway in
            async let first = gateway.post("/v1/chat/completions", question)
            async let second = gateway.chat { try await gateway.coordinator.certify($0, paris) }
            let replies = try await [first, second]
            #expect(replies.map(\.status) == [200, 200])
            #expect(replies[0].bytes == replies[1].bytes)
            #expect(try await gateway.coordinator.requestCount() == 1)
        }
    }

    @Test func anotherIdempotencyKeyIsAnotherRequest() async throws {
        try await Fixture.run { gateway in
            _ = try await gateway.chat { try await gateway.coordinator.certify($0, paris) }
            async let reply = gateway.post("/v1/chat/completions", question, fields: [.idempotencyKey: "second"])
            let request = try await gateway.coordinator.openRequest()
            #expect(request.client.idempotencyKey == "second")
            try await gateway.coordinator.certify(request, paris)
            #expect(try await reply.status == 200)
            #expect(try await gateway.coordinator.requestCount() == 2)
        }
    }

    @Test func tellsWhereARequestStandsAndHandsOutItsBundle() async throws {
        try await Fixture.run { gateway in
            async let reply = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            let path = "/v1/requests/\(try request.requestID())"
            let early = try await gateway.get(path)
            #expect(try early.value("state") == .string("accepted"))
            let refused = try await gateway.get("\(path)/certificate")
            #expect(refused.status == 409)
            #expect(try refused.value("type") == .string("urn:dna:problem:conflict"))
            try await gateway.coordinator.certify(request, paris)
            #expect(try await reply.status == 200)
            let late = try await gateway.get(path)
            #expect(try late.value("state") == .string("certified"))
            #expect(try late.value("rounds", "0", "round") == .integer(1))
            let bundle = try CanonicalJSON.decode(Bundle.self, from: try await gateway.get("\(path)/certificate").bytes)
            #expect(bundle.evidence.request == request)
            #expect(bundle.output == paris)
        }
    }

    @Test func listsModelsByNameAndById() async throws {
        try await Fixture.run { gateway in
            let id = try gateway.network.model().id.description
            let list = try await gateway.get("/v1/models")
            #expect(try list.value("object") == .string("list"))
            #expect(try list.value("data", "0", "id") == .string("org/small"))
            #expect(try list.value("data", "0", "dna", "model_id") == .string(id))
            for name in ["org/small", "org%2Fsmall", id] {
                let reply = try await gateway.get("/v1/models/\(name)")
                #expect(try reply.value("dna", "model_id") == .string(id))
            }
            #expect(try await gateway.get("/v1/models/other").value("error", "code") == .string("model_not_found"))
            try await gateway.coordinator.name("chat")
            let named = try await gateway.get("/v1/models/chat")
            #expect(try named.value("id") == .string("chat") && named.value("dna", "model_id") == .string(id))
            #expect(try named.value("dna", "aliases", "0") == .string("chat"))
            #expect(try named.value("dna", "registrations", "0", "body", "model") == .string(id))
            #expect(try named.value("dna", "manifest", "licence") == .string("Apache-2.0"))
            #expect(try await gateway.get("/v1/models").value("data", "0", "id") == .string("org/small"))
            let file = try await gateway.get("/v1/network")
            #expect(try CanonicalJSON.decode(NetworkFile.self, from: file.bytes) == gateway.network.file)
        }
    }
}
