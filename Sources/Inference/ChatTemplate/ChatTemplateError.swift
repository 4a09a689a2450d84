/// Why a chat template was refused, or did not turn a conversation into a prompt.
public enum ChatTemplateError: Error, Hashable, CustomStringConvertible {
    /// The text is no Jinja template.
    case syntax(line: Int, reason: String)
    /// A construct of Jinja outside the subset that is rendered; found when the template is read.
    case unsupported(line: Int, construct: String)
    /// The template itself refuses the conversation, with `raise_exception`.
    case refused(message: String)
    /// An operation that the values at hand do not allow.
    case failed(line: Int, reason: String)
    /// The template is too large, or rendering takes or makes too much.
    case limit(String)
    /// The model has no chat template.
    case missing
    /// The template writes nothing, and the model has no begin token.
    case emptyPrompt

    /// One sentence; it may quote the template, and what the template itself quotes.
    public var description: String {
        switch self {
        case .syntax(let line, let reason): "the chat template's line \(line) is no Jinja: \(reason)"
        case .unsupported(let line, let construct):
            "the chat template's line \(line) uses \(construct), which is not supported"
        case .refused(let message): "the chat template refuses the conversation: \(message)"
        case .failed(let line, let reason): "the chat template fails in line \(line): \(reason)"
        case .limit(let what): "the chat template goes beyond a limit: \(what)"
        case .missing: "the model has no chat template; it can be asked with a prompt"
        case .emptyPrompt: "the chat template makes nothing of the conversation"
        }
    }
}
