/// One message of a conversation.
public struct ChatMessage: Codable, Hashable, Sendable {
    /// Who speaks: `system`, `user`, `assistant`, or what else the model knows.
    public var role: String
    /// What is said.
    public var content: String

    /// A message.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// Turns a conversation into the prompt the model was trained on: ChatML as SmolLM2 has it.
///
/// Only the template's own control tokens become control tokens; a role or content that contains the text of one is
/// plain text.
public struct ChatTemplate: Hashable, Sendable {
    /// The template's name in manifests.
    public static let name = "chatml"

    private static let start = "<|im_start|>"
    private static let end = "<|im_end|>"
    private static let defaultSystemPrompt =
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face"

    /// The Jinja text that this renders; a file with any other is refused.
    private static let jinja = [
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system",
        "\(defaultSystemPrompt)<|im_end|>",
        "' }}{% endif %}{{'<|im_start|>' + message['role'] + '",
        "' + message['content'] + '<|im_end|>' + '",
        "'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant",
        "' }}{% endif %}",
    ].joined(separator: "\n")

    private enum Piece {
        case control(String)
        case text(String)
    }

    /// Accepts exactly SmolLM2's template, given with a line feed or `\n` inside its string literals.
    public init(jinja: String) throws(TokenizerError) {
        let jinja = Array(jinja.utf8).split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
        var normal = Array(jinja[0])
        for part in jinja.dropFirst() {
            guard part.first == UInt8(ascii: "n") else { throw .unsupportedChatTemplate }
            normal += [0x0a] + part.dropFirst()
        }
        guard normal == Array(Self.jinja.utf8) else { throw .unsupportedChatTemplate }
    }

    /// The template of that name in a manifest.
    public init(named name: String) throws(TokenizerError) {
        guard name == Self.name else { throw .unsupportedChatTemplate }
    }

    /// Without a system message first, the model's default one is put there; no messages give no system message.
    private func pieces(_ messages: [ChatMessage], addGenerationPrompt: Bool) -> [Piece] {
        var messages = messages
        if let first = messages.first, first.role != "system" {
            messages.insert(ChatMessage(role: "system", content: Self.defaultSystemPrompt), at: 0)
        }
        var pieces: [Piece] = []
        for message in messages {
            pieces += [
                .control(Self.start), .text(message.role + "\n" + message.content), .control(Self.end), .text("\n"),
            ]
        }
        if addGenerationPrompt { pieces += [.control(Self.start), .text("assistant\n")] }
        return pieces
    }

    /// The prompt for people to read. Not for tokenizing: here a user's text can look like a control token.
    public func render(_ messages: [ChatMessage], addGenerationPrompt: Bool = true) -> String {
        pieces(messages, addGenerationPrompt: addGenerationPrompt).reduce(into: "") { text, piece in
            switch piece {
            case .control(let part), .text(let part): text += part
            }
        }
    }

    /// The prompt's token ids. Each stretch between the template's control tokens is tokenized by itself, as plain text.
    public func encode(
        _ messages: [ChatMessage], with tokenizer: Tokenizer, addGenerationPrompt: Bool = true
    ) throws(TokenizerError) -> [TokenID] {
        var tokens: [TokenID] = []
        for piece in pieces(messages, addGenerationPrompt: addGenerationPrompt) {
            switch piece {
            case .control(let text):
                guard let token = tokenizer.specialTokens.token(of: text) else { throw .missingControlToken(text) }
                tokens.append(token)
            case .text(let text): tokens += tokenizer.encode(text, parseSpecial: false)
            }
        }
        return tokens
    }
}
