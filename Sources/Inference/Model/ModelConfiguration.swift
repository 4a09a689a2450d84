/// What callers need to know of a model.
public struct ModelConfiguration: Equatable, Sendable {
    /// The family, as the file names it.
    public let architecture: String
    /// Transformer layers.
    public let layers: Int
    /// Length of the residual stream; a multiple of 32.
    public let embedding: Int
    /// Positions the model was trained for.
    public let contextLength: Int
    /// Tokens in the vocabulary.
    public let vocabulary: Int
}
