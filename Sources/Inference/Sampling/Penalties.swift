/// What was said so far, and what that does to the logits.
struct Penalties: ~Copyable {
    private let repetition: Double
    private let presence: Double
    private let frequency: Double
    /// How often each token is in the answer; −1: in the prompt only; `absent`: nowhere.
    private let counts: UnsafeMutableBufferPointer<Int32>
    /// The tokens that are anywhere, each once.
    private let tokens: UnsafeMutableBufferPointer<TokenID>
    private var tokenCount = 0

    private static let absent: Int32 = -2
    private static let promptOnly: Int32 = -1

    init(_ parameters: SamplingParameters, vocabularySize: Int) {
        repetition = parameters.repetitionPenalty
        presence = parameters.presencePenalty
        frequency = parameters.frequencyPenalty
        let capacity = Self.areNeutral(parameters) ? 0 : vocabularySize
        counts = .allocate(capacity: capacity)
        counts.initialize(repeating: Self.absent)
        tokens = .allocate(capacity: capacity)
    }

    deinit {
        counts.deallocate()
        tokens.deallocate()
    }

    /// They change no logit, and remember nothing.
    var areNeutral: Bool { counts.isEmpty }

    private static func areNeutral(_ parameters: SamplingParameters) -> Bool {
        parameters.repetitionPenalty == 1 && parameters.presencePenalty == 0 && parameters.frequencyPenalty == 0
    }

    mutating func observe(prompt token: TokenID) {
        if areNeutral { return }
        if counts[Int(token)] == Self.absent { enter(token, as: Self.promptOnly) }
    }

    mutating func observe(generated token: TokenID) {
        if areNeutral { return }
        let count = counts[Int(token)]
        if count == Self.absent {
            enter(token, as: 1)
        } else {
            counts[Int(token)] = max(count, 0) + 1
        }
    }

    private mutating func enter(_ token: TokenID, as count: Int32) {
        counts[Int(token)] = count
        tokens[tokenCount] = token
        tokenCount += 1
    }

    /// Changes the logits of observed tokens: in binary64, one rounding to binary32 at the end.
    func apply(to logits: UnsafeMutableBufferPointer<Float>) {
        if areNeutral { return }
        for index in 0..<tokenCount {
            let token = Int(tokens[index])
            var value = Double(logits[token])
            value = value > 0 ? value / repetition : value * repetition
            let count = counts[token]
            if count > 0 {
                value -= presence
                value -= Double(count) * frequency
            }
            logits[token] = Float(value)
        }
    }
}
