import Canonical

/// Fields of OpenAI's API that this network does not act on.
enum OtherFields {
    /// What a field that changes nothing here must be.
    private enum Kind {
        case string, boolean, object, anything
    }

    /// They do not touch the answer: who asks, what OpenAI should keep, what it should charge or cache.
    private static let harmless: [String: Kind] = [
        "user": .string, "safety_identifier": .string, "service_tier": .string, "prompt_cache_key": .string,
        "prompt_cache_retention": .string, "prompt_cache_options": .object, "metadata": .object, "store": .boolean,
        "parallel_tool_calls": .boolean, "prediction": .anything,
    ]

    /// They would change the answer and are refused, but for the values with which they say nothing.
    private static let unsupported: [String: [JSONValue]] = [
        "stream": [.bool(false)], "stream_options": [], "n": [.integer(1)], "best_of": [.integer(1)],
        "echo": [.bool(false)], "suffix": [.string("")], "logprobs": [.bool(false)], "top_logprobs": [.integer(0)],
        "logit_bias": [.object([:])], "tools": [.array([])], "tool_choice": [.string("none"), .string("auto")],
        "functions": [.array([])], "function_call": [.string("none"), .string("auto")],
        "response_format": [.object(["type": .string("text")])], "modalities": [.array([.string("text")])],
        "audio": [], "reasoning_effort": [.string("none")], "verbosity": [.string("medium")],
        "web_search_options": [], "moderation": [],
    ]

    /// Takes them out of a request, and refuses what cannot be done.
    static func take(from reader: inout FieldReader) throws(OpenAIError) {
        for (name, kind) in harmless.sorted(by: { $0.key < $1.key }) {
            guard let field = reader.take(name) else { continue }
            switch kind {
            case .string: _ = try field.string()
            case .boolean: _ = try field.boolean()
            case .object: _ = try field.members()
            case .anything: break
            }
        }
        for (name, meaningless) in unsupported.sorted(by: { $0.key < $1.key }) {
            guard let field = reader.take(name), !meaningless.contains(field.plainValue) else { continue }
            throw refusal(of: field, meaningless)
        }
    }

    private static func refusal(of field: Field, _ meaningless: [JSONValue]) -> OpenAIError {
        let allowed = meaningless.compactMap { value in
            (try? CanonicalJSON.encode(value)).map { String(decoding: $0, as: UTF8.self) }
        }
        guard !allowed.isEmpty else {
            return OpenAIError.invalid(field.path, "is not supported", code: "unsupported_parameter")
        }
        let choice = allowed.joined(separator: " or ")
        return OpenAIError.invalid(field.path, "only \(choice) is supported", code: "unsupported_value")
    }
}
