/// The parts of a chat template's engine: Jinja, as far as published templates use it.
///
/// Text becomes tokens (``Jinja/Lexer``), these a tree (``Jinja/Parser``), and a conversation with the tree a prompt
/// (``Jinja/Run``). Meant to do what Python's `jinja2` does with the settings of Hugging Face's `transformers`.
enum Jinja {}

extension Jinja {
    /// A piece of a template.
    struct Token {
        enum Kind: Hashable {
            /// Text outside of tags.
            case data(String)
            case variableBegin
            case variableEnd
            case blockBegin
            case blockEnd
            case name(String)
            case string(String)
            case integer(Int)
            case symbol(String)
            case end
        }

        let kind: Kind
        let line: Int

        /// For error messages.
        var description: String {
            switch kind {
            case .data: "text"
            case .variableBegin: "{{"
            case .variableEnd: "}}"
            case .blockBegin: "{%"
            case .blockEnd: "%}"
            case .name(let name): name
            case .string: "a text"
            case .integer(let value): "\(value)"
            case .symbol(let symbol): symbol
            case .end: "the end"
            }
        }
    }
}
