/// Memory that draws need for a moment. One thread at a time uses it, for any samplers of one vocabulary.
public final class DrawScratch {
    private let vocabularySize: Int

    /// Memory for samplers of a vocabulary of this size. It is taken when a draw first needs it, and kept.
    public init(vocabularySize: Int) { self.vocabularySize = vocabularySize }

    /// For top-k and top-p: 16 bytes a vocabulary entry.
    private(set) lazy var selection = PrefixSelection(capacity: vocabularySize)
}
