package import HTTPTypes

/// A refusal in the form OpenAI's clients read: `{"error": {"message", "type", "param", "code"}}`.
package struct OpenAIError: Error, Hashable, Sendable {
    /// The HTTP status.
    package var status: HTTPResponse.Status
    /// A sentence for people; names the field, and never repeats a prompt.
    package var message: String
    /// The path of the field to blame, such as `messages[0].role`.
    package var parameter: String?
    /// The kind of failure for programs.
    package var code: String?
    /// The request it is about, if there is one by now.
    package var reference: AnswerReference?
    /// Header fields to send along: `retry-after`, `allow`, `x-should-retry`.
    package var headers: HTTPFields

    /// A refusal.
    package init(
        _ status: HTTPResponse.Status, _ message: String, parameter: String? = nil, code: String? = nil,
        reference: AnswerReference? = nil, headers: HTTPFields = [:]
    ) {
        self.status = status
        self.message = message
        self.parameter = parameter
        self.code = code
        self.reference = reference
        self.headers = headers
    }

    /// OpenAI's word for this class of status.
    package var type: String {
        switch status.code {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    /// A request that is wrong in itself: 400, with the field's path in the message.
    package static func invalid(_ path: String, _ reason: String, code: String = "invalid_value") -> OpenAIError {
        // An unknown field's name is the client's own and may be as long as the body.
        let path = String(path.unicodeScalars.prefix(128))
        return OpenAIError(.badRequest, path.isEmpty ? reason : "\(path): \(reason)", parameter: path, code: code)
    }
}

extension OpenAIError {
    /// The JSON form. OpenAI's clients expect `param` and `code` even when they are null.
    package struct Body: Encodable {
        let error: Details
        let dna: AnswerReference?

        struct Details: Encodable {
            let message: String
            let type: String
            @Nullable var param: String?
            @Nullable var code: String?
        }
    }

    /// The JSON form.
    package var body: Body {
        let details = Body.Details(
            message: message, type: type, param: parameter.flatMap { $0.isEmpty ? nil : $0 },
            code: code)
        return Body(error: details, dna: reference)
    }
}

/// An optional that is written as `null` when it is nil, where OpenAI's schema wants the member to be there.
@propertyWrapper
package struct Nullable<Value: Encodable & Hashable & Sendable>: Encodable, Hashable, Sendable {
    /// The value.
    package var wrappedValue: Value?

    /// The value or nil.
    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    /// Writes the value or `null`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}
