import Inference
import Synchronization

/// Prints an answer's text as its tokens come.
final class TokenPrinter: Sendable {
    private let decoder: Mutex<StreamingDecoder>
    private let stopTokens: Set<TokenID>
    private let isSilent: Bool

    init(tokenizer: Tokenizer, isSilent: Bool) {
        decoder = Mutex(StreamingDecoder(tokenizer))
        stopTokens = tokenizer.stopTokens
        self.isSilent = isSilent
    }

    func print(_ token: TokenID) {
        guard !isSilent, !stopTokens.contains(token) else { return }
        Console.text(decoder.withLock { $0.append(token) })
    }

    func finish() {
        guard !isSilent else { return }
        Console.text(decoder.withLock { $0.finish() } + "\n")
    }
}
