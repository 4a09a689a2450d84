import Canonical
import DNAProtocol
import GatewayService
import Testing

@Suite struct QuestionTests {
    private static let defaults = Sampling(temperature: 0.7, topP: 0.9, topK: 40)

    private static let manifest = Manifest(
        name: "small", licence: "Apache-2.0", contextLength: 2_048, chatTemplate: "gguf", sampling: defaults,
        policy: Policy(rule: .majority, committee: 3, maximumCommittee: 5),
        files: [.init(name: "model.gguf", role: .weights, size: 1, sha256: Digest.ofRaw([]))])

    // One for all, so that equal questions are equal requests.
    private static let genesis = Result { try Network().genesis }

    private func request(
        _ text: String, as style: Question.Style = .chat, key: String? = nil
    ) throws -> Request {
        let json = try CanonicalJSON.parse(Array(text.utf8))
        let question = try Question(style, from: json, idempotencyKey: key)
        let model = try PublishedModel(ofSmallFiles: Self.manifest)
        return try question.request(for: Self.manifest, id: model.id, in: try Self.genesis.get())
    }

    private func chat(_ members: String) -> String {
        #"{"model":"small","messages":[{"role":"user","content":"Hi"}]"# + (members.isEmpty ? "" : "," + members) + "}"
    }

    @Test func fillsInTheModelsDefaults() throws {
        let request = try request(chat(""))
        #expect(request.input.messages == [.init(role: .user, content: "Hi")])
        #expect(request.sampling == Self.defaults)
        #expect(request.maximumTokens == Question.chatTokens)
        #expect(request.policy == Self.manifest.policy)
        #expect(request.stop == [])
        #expect(request.seed == nil)
        #expect(request.client.idempotencyKey == nil)
    }

    @Test func takesEveryParameterTheClientNames() throws {
        let request = try request(
            chat(
                #"""
                "temperature":0,"top_p":0.5,"top_k":3,"min_p":0.25,"repetition_penalty":1.5,"presence_penalty":-1,
                "frequency_penalty":2,"max_completion_tokens":7,"stop":["a","b"],"seed":42,
                "dna":{"policy":{"rule":"unanimous","committee":4},"idempotency_key":"k"}
                """#))
        #expect(
            request.sampling
                == Sampling(
                    temperature: 0, topP: 0.5, topK: 3, minP: 0.25, repetitionPenalty: 1.5, presencePenalty: -1,
                    frequencyPenalty: 2))
        #expect(request.maximumTokens == 7)
        #expect(request.stop == ["a", "b"])
        #expect(request.seed == Seed(integer: 42))
        #expect(request.policy == Policy(rule: .unanimous, committee: 4, maximumCommittee: 5))
        #expect(request.client.idempotencyKey == "k")
    }

    @Test func nullIsTheSameAsAbsent() throws {
        let names = [
            "temperature", "top_p", "stop", "seed", "max_tokens", "n", "stream", "tools", "response_format", "user",
            "dna",
            "logprobs", "logit_bias", "no_such_field",
        ]
        let nulls = names.map { #""\#($0)":null"# }.joined(separator: ",")
        #expect(try request(chat(nulls)) == (try request(chat(""))))
    }

    @Test(arguments: [
        #""user":"somebody","metadata":{"a":"b"},"store":true,"service_tier":"auto","parallel_tool_calls":false"#,
        #""n":1,"stream":false,"logprobs":false,"tools":[],"tool_choice":"none","logit_bias":{},"modalities":["text"]"#,
        #""response_format":{"type":"text"},"top_logprobs":0,"reasoning_effort":"none","prompt_cache_key":"k""#,
        #""n":1.0"#,
    ])
    func whatSaysNothingChangesNothing(_ members: String) throws {
        #expect(try request(chat(members)) == (try request(chat(""))))
    }

    @Test func readsRolesAndTextParts() throws {
        let request = try request(
            #"""
            {"model":"small","messages":[
              {"role":"developer","content":"Be brief."},
              {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
              {"role":"assistant","content":"c","refusal":null,"tool_calls":[],"annotations":[]}]}
            """#)
        #expect(
            request.input.messages == [
                .init(role: .system, content: "Be brief."), .init(role: .user, content: "ab"),
                .init(role: .assistant, content: "c"),
            ])
    }

    @Test func readsTextQuestions() throws {
        let plain = try request(#"{"model":"small","prompt":"Once","echo":false,"best_of":1,"suffix":null}"#, as: .text)
        #expect(plain.input.prompt == "Once")
        #expect(plain.maximumTokens == Question.textTokens)
        #expect(try request(#"{"model":"small","prompt":["Once"]}"#, as: .text) == plain)
    }

    @Test func oneTextIsOneStop() throws {
        #expect(try request(chat(#""stop":"\n""#)).stop == ["\n"])
    }

    @Test func exactSeedsAreTakenAsTheyAre() throws {
        let hex = String(repeating: "0a", count: 32)
        #expect(try request(chat(#""dna":{"seed":"\#(hex)"}"#)).seed == Seed(hex: hex))
    }

    @Test func theHeaderNamesTheAttempt() throws {
        #expect(try request(chat(""), key: "h").client.idempotencyKey == "h")
        #expect(try request(chat(#""dna":{"idempotency_key":"h"}"#), key: "h").client.idempotencyKey == "h")
    }

    @Test func bothNamesOfTheTokenLimitMayAgree() throws {
        #expect(try request(chat(#""max_tokens":5,"max_completion_tokens":5"#)).maximumTokens == 5)
    }

    /// Members beside model and messages → the field to blame and OpenAI's code.
    @Test(arguments: [
        (#""temperature":"hot""#, "temperature", "invalid_type"),
        (#""temperature":2.5"#, "temperature", "invalid_value"),
        (#""temperature":true"#, "temperature", "invalid_type"),
        (#""top_p":0"#, "top_p", "invalid_value"),
        (#""top_k":1.5"#, "top_k", "invalid_type"),
        (#""top_k":-1"#, "top_k", "invalid_value"),
        (#""min_p":2"#, "min_p", "invalid_value"),
        (#""repetition_penalty":0"#, "repetition_penalty", "invalid_value"),
        (#""presence_penalty":3"#, "presence_penalty", "invalid_value"),
        (#""frequency_penalty":-3"#, "frequency_penalty", "invalid_value"),
        (#""max_tokens":0"#, "max_tokens", "invalid_value"),
        (#""max_tokens":9223372036854775807"#, "max_tokens", "invalid_value"),
        (#""max_completion_tokens":"1""#, "max_completion_tokens", "invalid_type"),
        (#""max_tokens":1,"max_completion_tokens":2"#, "max_tokens", "invalid_value"),
        (#""stop":7"#, "stop", "invalid_type"),
        (#""stop":["a",1]"#, "stop[1]", "invalid_type"),
        (#""stop":["a","b","c","d","e"]"#, "stop", "invalid_value"),
        (#""stop":[""]"#, "stop[0]", "invalid_value"),
        (#""seed":1.5"#, "seed", "invalid_type"),
        (#""seed":"1""#, "seed", "invalid_type"),
        (#""n":2"#, "n", "unsupported_value"),
        (#""stream":true"#, "stream", "unsupported_value"),
        (#""stream":1"#, "stream", "unsupported_value"),
        (#""stream_options":{}"#, "stream_options", "unsupported_parameter"),
        (#""tools":[{"type":"function"}]"#, "tools", "unsupported_value"),
        (#""tool_choice":"required""#, "tool_choice", "unsupported_value"),
        (#""logprobs":true"#, "logprobs", "unsupported_value"),
        (#""logit_bias":{"50256":-100}"#, "logit_bias", "unsupported_value"),
        (#""response_format":{"type":"json_object"}"#, "response_format", "unsupported_value"),
        (#""user":5"#, "user", "invalid_type"),
        (#""metadata":"x""#, "metadata", "invalid_type"),
        (#""store":"yes""#, "store", "invalid_type"),
        (#""temprature":1"#, "temprature", "unknown_parameter"),
        (#""prompt":"x""#, "prompt", "unknown_parameter"),
        (#""dna":[]"#, "dna", "invalid_type"),
        (#""dna":{"sed":"x"}"#, "dna.sed", "unknown_parameter"),
        (#""dna":{"seed":"00"}"#, "dna.seed", "invalid_value"),
        (#""dna":{"seed":1}"#, "dna.seed", "invalid_type"),
        (#""seed":1,"dna":{"seed":"00"}"#, "dna.seed", "invalid_value"),
        (#""dna":{"idempotency_key":""}"#, "dna.idempotency_key", "invalid_value"),
        (#""dna":{"policy":{"rule":"anarchy"}}"#, "dna.policy.rule", "invalid_value"),
        (#""dna":{"policy":{"committee":1}}"#, "dna.policy.committee", "invalid_value"),
        (#""dna":{"policy":{"committee":99}}"#, "dna.policy.committee", "invalid_value"),
        (#""dna":{"policy":{"committee":40}}"#, "dna.policy.maximum_committee", "invalid_value"),
        (#""dna":{"policy":{"maximum_committee":9}}"#, "dna.policy.maximum_committee", "invalid_value"),
        (#""dna":{"policy":{"rule":"quorum"}}"#, "dna.policy.quorum", "invalid_value"),
        (#""dna":{"policy":{"size":3}}"#, "dna.policy.size", "unknown_parameter"),
    ])
    func refusesAndNamesTheField(_ members: String, _ field: String, _ code: String) throws {
        let error = #expect(throws: OpenAIError.self) { try request(chat(members)) }
        #expect(error?.parameter == field)
        #expect(error?.code == code)
        #expect(error?.status == .badRequest)
        #expect(error?.message.hasPrefix("\(field): ") == true)
    }

    /// Whole requests → the field to blame.
    @Test(arguments: [
        (#"{}"#, "model"),
        (#"{"model":null}"#, "model"),
        (#"{"model":7,"messages":[]}"#, "model"),
        (#"{"model":"small"}"#, "messages"),
        (#"{"model":"small","messages":"Hi"}"#, "messages"),
        (#"{"model":"small","messages":[]}"#, "messages"),
        (#"{"model":"small","messages":["Hi"]}"#, "messages[0]"),
        (#"{"model":"small","messages":[{"content":"Hi"}]}"#, "messages[0].role"),
        (#"{"model":"small","messages":[{"role":"tool","content":"Hi"}]}"#, "messages[0].role"),
        (#"{"model":"small","messages":[{"role":"user"}]}"#, "messages[0].content"),
        (#"{"model":"small","messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
        (#"{"model":"small","messages":[{"role":"user","content":[]}]}"#, "messages[0].content"),
        (
            #"{"model":"small","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
            "messages[0].content[0].type"
        ),
        (#"{"model":"small","messages":[{"role":"user","content":[{"type":"text"}]}]}"#, "messages[0].content[0].text"),
        (#"{"model":"small","messages":[{"role":"user","content":"Hi","name":"Al"}]}"#, "messages[0].name"),
        (
            #"{"model":"small","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"","tool_calls":[1]}]}"#,
            "messages[1].tool_calls"
        ),
    ])
    func refusesIncompleteChats(_ text: String, _ field: String) throws {
        #expect(#expect(throws: OpenAIError.self) { try request(text) }?.parameter == field)
    }

    @Test(arguments: [
        (#"{"model":"small"}"#, "prompt"), (#"{"model":"small","prompt":""}"#, "prompt"),
        (#"{"model":"small","prompt":[1,2]}"#, "prompt"), (#"{"model":"small","prompt":[7]}"#, "prompt[0]"),
        (#"{"model":"small","prompt":"x","messages":[]}"#, "messages"),
        (#"{"model":"small","prompt":"x","best_of":2}"#, "best_of"),
        (#"{"model":"small","prompt":"x","echo":true}"#, "echo"),
        (#"{"model":"small","prompt":"x","suffix":"y"}"#, "suffix"),
    ])
    func refusesIncompleteTexts(_ text: String, _ field: String) throws {
        #expect(#expect(throws: OpenAIError.self) { try request(text, as: .text) }?.parameter == field)
    }

    @Test(arguments: ["[]", "null", "1", #""x""#])
    func refusesWhatIsNoObject(_ text: String) throws {
        let error = #expect(throws: OpenAIError.self) { try request(text) }
        #expect(error?.code == "invalid_type")
        #expect(error?.status == .badRequest)
    }

    @Test func refusesTwoKeysForOneAttempt() throws {
        let error = #expect(throws: OpenAIError.self) { try request(chat(#""dna":{"idempotency_key":"a"}"#), key: "b") }
        #expect(error?.parameter == "dna.idempotency_key")
    }

    @Test func refusalsNeverRepeatThePrompt() throws {
        let text =
            #"{"model":"small","messages":[{"role":"user","content":[{"type":"text","text":"a secret","x":1}]}]}"#
        let error = #expect(throws: OpenAIError.self) { try request(text) }
        #expect(error?.message.contains("secret") == false)
    }
}
