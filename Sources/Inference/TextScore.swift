import Synchronization

/// How likely a model finds each token of a text, given those before it in the same window.
public struct TextScore: Encodable, Sendable {
    /// The text's tokens, without those that were put before each window.
    public let tokens: [TokenID]
    /// Natural logarithms of the tokens' probabilities; nil where nothing stood before.
    public let logProbabilities: [Double?]
    /// The token that the model found likeliest in each place; nil likewise.
    public let likeliest: [TokenID?]
    /// How many tokens have a probability.
    public let scored: Int
    /// Of these, the mean of the logarithms.
    public let meanLogProbability: Double
    /// e to the minus mean.
    public let perplexity: Double

    enum CodingKeys: String, CodingKey {
        case tokens, likeliest, scored, perplexity
        case logProbabilities = "log_probabilities"
        case meanLogProbability = "mean_log_probability"
    }

    /// Scores `text` in windows of `window` tokens, the begin token included if the model wants one.
    ///
    /// - Parameter progress: called after each window with the tokens done and all tokens.
    public init(_ engine: Engine, text: String, window: Int, progress: (Int, Int) -> Void) async throws(EngineError) {
        let tokenizer = engine.tokenizer
        let document = tokenizer.encodeDocument(text)
        let begin = document.first == tokenizer.beginToken ? tokenizer.beginToken : nil
        let tokens = Array(begin == nil ? document[...] : document.dropFirst())
        let collector = Collector(count: tokens.count)
        var first = 0
        while first < tokens.count {
            let part = tokens[first..<min(first + window - (begin == nil ? 0 : 1), tokens.count)]
            let fed = (begin.map { [$0] } ?? []) + part
            let offset = first - (fed.count - part.count)
            if fed.count > 1 {
                _ = try await engine.score(tokens: fed, from: 0) { position, logits, _ in
                    guard position + 1 < fed.count else { return }
                    collector.keep(UnsafeBufferPointer(logits), next: fed[position + 1], at: offset + position + 1)
                }
            }
            first = part.endIndex
            progress(first, tokens.count)
        }
        self.tokens = tokens
        (logProbabilities, likeliest) = collector.results()
        let known = logProbabilities.compactMap(\.self)
        scored = known.count
        meanLogProbability = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        perplexity = ExactDouble.exp(-meanLogProbability)
    }

    /// Gathers what the engine's threads hand over.
    private final class Collector: Sendable {
        private let values: Mutex<(logProbabilities: [Double?], likeliest: [TokenID?])>

        init(count: Int) {
            values = Mutex((Array(repeating: nil, count: count), Array(repeating: nil, count: count)))
        }

        func keep(_ logits: UnsafeBufferPointer<Float>, next: TokenID, at index: Int) {
            guard let most = LogitScan.maximum(logits) else { return }
            let sum = logits.reduce(0.0) { $0 + ExactDouble.exp(Double($1) - Double(most)) }
            let logProbability = Double(logits[Int(next)]) - Double(most) - ExactDouble.log(sum)
            let likeliest = TokenID(LogitScan.firstIndex(of: most, in: logits))
            values.withLock { ($0.logProbabilities[index], $0.likeliest[index]) = (logProbability, likeliest) }
        }

        func results() -> ([Double?], [TokenID?]) { values.withLock { ($0.logProbabilities, $0.likeliest) } }
    }
}
