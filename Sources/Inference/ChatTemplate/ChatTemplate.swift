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

/// Turns a conversation into the prompt the model was trained on, by the model's own template.
///
/// Only what the template's author wrote, and the begin and end tokens, can become control tokens; the text of a
/// message never does, whatever the template makes of it. A function of template and messages alone; bounded in time
/// and memory by ``ChatTemplateLimits``, whoever wrote them.
public struct ChatTemplate: Sendable {
    private let syntax: Jinja.Syntax
    private let limits: ChatTemplateLimits
    private let variables: [String: Jinja.Value]

    /// Roles that no client can fill with a text of its own: a template may make a control token of their names.
    private static let knownRoles: Set<String> = ["system", "user", "assistant", "developer", "tool"]

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - jinja: the template's text.
    ///   - beginToken: the text of the model's begin token, the template's `bos_token`.
    ///   - endToken: the text of the model's end token, the template's `eos_token`.
    /// - Throws: what is no Jinja or not supported, with its line.
    public init(
        jinja: String, beginToken: String? = nil, endToken: String? = nil, limits: ChatTemplateLimits = .standard
    ) throws(ChatTemplateError) {
        syntax = try Jinja.Parser.parse(jinja, limits)
        self.limits = limits
        var variables: [String: Jinja.Value] = ["tools": .none, "documents": .none]
        variables["bos_token"] = beginToken.map(Jinja.Value.literal)
        variables["eos_token"] = endToken.map(Jinja.Value.literal)
        self.variables = variables
    }

    /// The prompt, each part with its origin.
    public func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true, date: CalendarDate = .standard
    ) throws(ChatTemplateError) -> MarkedText {
        var variables = variables
        variables["messages"] = .list(Jinja.List(messages.map(Self.value)))
        variables["add_generation_prompt"] = .bool(addGenerationPrompt)
        var run = Jinja.Run(syntax, limits, variables: variables, date: date)
        return try run.render()
    }

    private static func value(of message: ChatMessage) -> Jinja.Value {
        var value = Jinja.Dictionary()
        value.set(
            MarkedText("role", isTrusted: false),
            .text(MarkedText(message.role, isTrusted: knownRoles.contains(message.role))))
        value.set(MarkedText("content", isTrusted: false), .plain(message.content))
        return .dictionary(value)
    }

    /// The prompt's token ids: of all rendered text, where only what the template's author wrote is searched for control
    /// tokens; each stretch between these is tokenized as plain text. The begin token comes first, once, if the template
    /// writes it or the model wants it.
    public func encode(
        _ messages: [ChatMessage], with tokenizer: Tokenizer, addGenerationPrompt: Bool = true,
        date: CalendarDate = .standard
    ) throws(ChatTemplateError) -> [TokenID] {
        let tokens = tokenizer.encode(
            try render(messages, addGenerationPrompt: addGenerationPrompt, date: date))
        guard tokenizer.addsBeginToken, let begin = tokenizer.beginToken, tokens.first != begin else { return tokens }
        return [begin] + tokens
    }
}

extension ChatTemplate {
    /// The template of a file's metadata. Throws ``ChatTemplateError/missing`` if it has none.
    public init(metadata: TokenizerMetadata) throws(ChatTemplateError) {
        guard let jinja = metadata.chatTemplate else { throw .missing }
        func text(_ token: TokenID?) -> String? {
            token.flatMap { metadata.tokens.indices.contains(Int($0)) ? metadata.tokens[Int($0)] : nil }
        }
        try self.init(jinja: jinja, beginToken: text(metadata.beginToken), endToken: text(metadata.endToken))
    }
}
