package import DNAProtocol

/// The `dna` object of an answer or a refusal: which request it is about, and what the network signed.
package struct AnswerReference: Encodable, Hashable, Sendable {
    /// The request's id: `GET /v1/requests/{id}` tells more.
    package var requestID: RequestID
    /// The noise's seed.
    package var seed: Seed?
    /// Where the seed comes from.
    package var seedSource: SeedSource?
    /// The decision with the group's signature.
    package var certificate: Certificate?
    /// Why the request failed.
    package var reason: String?

    enum CodingKeys: String, CodingKey {
        case seed, certificate, reason
        case requestID = "request_id"
        case seedSource = "seed_source"
    }

    /// A request without a certificate.
    package init(_ requestID: RequestID, reason: String? = nil) {
        self.requestID = requestID
        self.reason = reason
    }

    /// A certified request.
    package init(_ certificate: Certificate) {
        requestID = certificate.decision.request
        seed = certificate.decision.seed
        seedSource = certificate.decision.seedSource
        self.certificate = certificate
    }
}

/// How many tokens went in and came out.
package struct Usage: Encodable, Hashable, Sendable {
    let promptTokens: Int
    let completionTokens: Int
    let totalTokens: Int

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
    }
}

/// An answer in OpenAI's shape: `chat.completion` or `text_completion`.
package struct Answer: Encodable, Hashable, Sendable {
    let id: String
    let object: String
    let created: Int64
    let model: String
    let choices: [Choice]
    let usage: Usage
    let dna: AnswerReference

    /// The one choice there is.
    struct Choice: Encodable, Hashable, Sendable {
        let index = 0
        var message: Message?
        var text: String?
        @Nullable var logprobs: String? = nil
        let finishReason: String

        enum CodingKeys: String, CodingKey {
            case index, message, text, logprobs
            case finishReason = "finish_reason"
        }
    }

    /// What the model says.
    struct Message: Encodable, Hashable, Sendable {
        let role = "assistant"
        let content: String
        @Nullable var refusal: String? = nil

        enum CodingKeys: String, CodingKey {
            case role, content, refusal
        }
    }

    /// The answer a certified bundle holds. Throws ``OpenAIError`` when what the network agreed on is a refusal.
    package init(_ style: Question.Style, _ bundle: Bundle) throws(OpenAIError) {
        let certificate = bundle.certificate
        let output = bundle.output
        dna = AnswerReference(certificate)
        let reason = try Self.finishReason(output, style, dna)
        let request = certificate.decision.request.hex
        switch style {
        case .chat:
            id = "chatcmpl-\(request)"
            object = "chat.completion"
            choices = [Choice(message: Message(content: output.text), finishReason: reason)]
        case .text:
            id = "cmpl-\(request)"
            object = "text_completion"
            choices = [Choice(text: output.text, finishReason: reason)]
        }
        // The decision's own time, so that whoever asks again gets the same bytes.
        created = certificate.decision.decidedAt.seconds
        model = bundle.evidence.manifest.name
        let prompt = bundle.prompt.tokens.count
        usage = Usage(
            promptTokens: prompt, completionTokens: output.tokens.count, totalTokens: prompt + output.tokens.count)
    }

    private static func finishReason(
        _ output: Output, _ style: Question.Style, _ reference: AnswerReference
    ) throws(OpenAIError) -> String {
        let reason = output.finishReason
        switch reason {
        case .stop, .length: return reason.rawValue
        case .promptTooLong:
            throw OpenAIError(
                .badRequest, "\(style.inputField): is longer than the model's context", parameter: style.inputField,
                code: "context_length_exceeded", reference: reference)
        case .promptRefused:
            throw OpenAIError(
                .badRequest, "\(style.inputField): \(output.text)", parameter: style.inputField,
                code: reason.rawValue, reference: reference)
        case .numericError:
            // The same request gives the same failure: a client need not try again.
            throw OpenAIError(
                .internalServerError, "the model's arithmetic left the finite numbers; the network agrees on that",
                code: reason.rawValue, reference: reference, headers: [.shouldRetry: "false"])
        }
    }
}
