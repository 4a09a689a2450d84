import Inference
import Synchronization

/// An answer's text, which grows on the engine's thread with every token.
final class AnswerText: Sendable {
    private struct State {
        var answer: StopTexts
        var bytes: TokenBytes
        var count = 0
    }

    private let state: Mutex<State>
    private let stopTokens: Set<TokenID>

    init(_ stop: [String], _ tokenizer: Tokenizer) {
        state = Mutex(State(answer: StopTexts(stop), bytes: TokenBytes(tokenizer)))
        stopTokens = tokenizer.stopTokens
    }

    /// Takes the answer's next token; whether a stop text ends the answer with it.
    func ends(with token: TokenID) -> Bool {
        state.withLock { state in
            state.count += 1
            // It ends the answer by itself, and is no part of the text.
            guard !stopTokens.contains(token) else { return false }
            let bytes = state.bytes.next(token)
            return state.answer.append(bytes)
        }
    }

    /// How many tokens were taken.
    var count: Int { state.withLock(\.count) }

    /// The text.
    var result: String { state.withLock(\.answer.text) }
}
