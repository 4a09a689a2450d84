import Canonical
import DNAProtocol

/// Reads `messages` of a chat request.
enum MessageReader {
    /// Members that a client sends back with an answer it was given, and the values with which they say nothing.
    private static let meaningless: [String: [JSONValue]] = [
        "tool_calls": [.array([])], "annotations": [.array([])], "function_call": [], "audio": [], "refusal": [],
    ]

    static func read(_ field: Field) throws(OpenAIError) -> [Request.Message] {
        var messages: [Request.Message] = []
        for element in try field.elements() { messages.append(try message(element)) }
        return messages
    }

    private static func message(_ field: Field) throws(OpenAIError) -> Request.Message {
        var reader = try field.members()
        let role = try role(try reader.require("role"))
        let content = try content(try reader.require("content"))
        for (name, values) in meaningless.sorted(by: { $0.key < $1.key }) {
            guard let field = reader.take(name), !values.contains(field.value) else { continue }
            throw OpenAIError.invalid(field.path, "is not supported", code: "unsupported_parameter")
        }
        try reader.end()
        return Request.Message(role: role, content: content)
    }

    private static func role(_ field: Field) throws(OpenAIError) -> Request.Message.Role {
        let name = try field.string()
        // OpenAI's newer name for the same thing.
        if name == "developer" { return .system }
        guard let role = Request.Message.Role(rawValue: name) else {
            throw OpenAIError.invalid(field.path, "must be system, developer, user or assistant")
        }
        return role
    }

    /// A text, or text parts, which are joined as they are.
    private static func content(_ field: Field) throws(OpenAIError) -> String {
        switch field.value {
        case .string(let text): return text
        case .array: break
        default: throw field.mismatch("a string or an array of text parts")
        }
        let parts = try field.elements()
        guard !parts.isEmpty else { throw OpenAIError.invalid(field.path, "must hold at least one part") }
        var text = ""
        for part in parts {
            var reader = try part.members()
            let type = try reader.require("type")
            guard try type.string() == "text" else {
                throw OpenAIError.invalid(type.path, "only \"text\" is supported", code: "unsupported_value")
            }
            text += try reader.require("text").string()
            try reader.end()
        }
        return text
    }
}
