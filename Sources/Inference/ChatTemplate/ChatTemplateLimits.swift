/// What a chat template may take. The numbers are part of the text's definition: every node has to end alike.
public struct ChatTemplateLimits: Hashable, Sendable {
    /// Bytes of a template.
    public var source = 1 << 18
    /// Levels of nested blocks, and of nested expressions.
    public var nesting = 48
    /// Levels of evaluation, calls of macros included.
    public var depth = 256
    /// Units of work while rendering: 32 for each node of the syntax tree, and about 1 for each byte that is read or made,
    /// the memory of lists, dictionaries and namespaces included.
    public var work = 1 << 27
    /// Bytes of a rendered prompt.
    public var output = 1 << 23
    /// Elements of a list or dictionary.
    public var elements = 1 << 16

    /// The limits of `dna-numerics-1`.
    public static let standard = ChatTemplateLimits()

    /// The standard ones, to be changed.
    public init() {}
}
