/// A request's input as the model reads it: token ids.
public struct Prompt: Codable, Hashable, Sendable, Statement {
    /// `dna/prompt/1`.
    public static let context = "dna/prompt/1"

    /// The token ids.
    public var tokens: [Int]

    /// A prompt of these tokens.
    public init(tokens: [Int]) { self.tokens = tokens }

    /// The prompt's id.
    public func promptID() throws -> PromptID { try digest() }
}
