/// Guesses what comes next: what followed when the last tokens stood together before.
///
/// A guess costs a row of a step, and never changes the output: a guessed token is kept exactly when it is the one that
/// is drawn at its position.
package struct PromptLookup {
    /// Tokens that must have stood together.
    private static let context = 3
    private static let longestGuess = 7
    private static let longestPause = 32

    private var length = 4
    private var pause = 0
    private var steps = 0

    package init() {}

    /// Where in `tokens` the guess stands, at most `limit` tokens; empty when there is none.
    package mutating func guess(_ tokens: [TokenID], limit: Int) -> Range<Int> {
        steps += 1
        guard steps > pause, limit > 0, tokens.count > Self.context else { return 0..<0 }
        return tokens.withUnsafeBufferPointer { tokens in
            let end = tokens.count
            for first in stride(from: end - Self.context - 1, through: 0, by: -1)
            where tokens[first + 2] == tokens[end - 1] && tokens[first + 1] == tokens[end - 2]
                && tokens[first] == tokens[end - 3]
            {
                let start = first + Self.context
                return start..<min(start + min(length, limit), end)
            }
            return 0..<0
        }
    }

    /// Longer guesses when all was right; fewer when nothing was.
    package mutating func learn(right: Int, of count: Int) {
        guard count > 0 else { return }
        steps = 0
        if right == count { length = min(2 * length, Self.longestGuess) }
        if right == 0 { length = max(length / 2, 1) }
        pause = right == 0 ? min(2 * pause + 1, Self.longestPause) : 0
    }
}
