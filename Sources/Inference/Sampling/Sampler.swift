/// Draws tokens from logits: penalties, temperature, top-k, top-p, min-p, Gumbel-max.
///
/// `docs/numerics.md`, "Sampling", defines the result; what is skipped here could not have won. One sampler serves one
/// sequence. With penalties it remembers what was said, 8 bytes a vocabulary entry.
public final class Sampler {
    private let vocabularySize: Int
    private let temperature: Double
    private let topK: Int
    /// round(top_p · 2³²), ties to even; nil: keep all.
    private let topPShare: UInt64?
    /// The least (l − max) / τ that min-p keeps.
    private let zFloor: Double
    private let noise: Noise
    private var penalties: Penalties

    /// Weights in top-p are multiples of 2⁻⁴⁰ of the likeliest token's; below this z they are zero.
    private static let weightless = -28.0

    /// `vocabularySize` is the number of logits. Throws what ``SamplingParameters/validate()`` throws.
    public init(parameters: SamplingParameters, seed: NoiseSeed, vocabularySize: Int) throws(SamplingError) {
        precondition(vocabularySize > 0 && vocabularySize <= Int(TokenID.max), "a vocabulary has 1 to 2^31-1 tokens")
        try parameters.validate()
        self.vocabularySize = vocabularySize
        temperature = parameters.temperature
        topK = parameters.topK < vocabularySize ? parameters.topK : 0
        topPShare = parameters.topP < 1 ? UInt64((parameters.topP * 0x1p32).rounded(.toNearestOrEven)) : nil
        zFloor = ExactDouble.log(parameters.minP)
        noise = Noise(seed: seed)
        penalties = Penalties(parameters, vocabularySize: vocabularySize)
    }

    /// Whether a draw does not depend on the tokens before it, so that several threads may draw at the same time.
    var isMemoryless: Bool { penalties.areNeutral }

    /// Takes the prompt into the history of the penalties; call once, before the first draw.
    public func observe(prompt: some Sequence<TokenID>) {
        for token in prompt { penalties.observe(prompt: token) }
    }

    /// Takes a token of the answer into the history; call for each one, drawn or replayed.
    public func observe(generated token: TokenID) {
        penalties.observe(generated: token)
    }

    /// The token at `position`, its zero-based index in the whole sequence, prompt included.
    ///
    /// - Parameter logits: one for each token; penalties are applied in place.
    /// - Returns: nil if a logit is not finite, before or after penalties (`numeric_error`).
    public func next(
        logits: UnsafeMutableBufferPointer<Float>, position: Int, scratch: DrawScratch
    ) -> TokenID? {
        precondition(logits.count == vocabularySize, "one logit a token")
        let position = UInt32(position)
        if !penalties.areNeutral {
            guard LogitScan.maximum(UnsafeBufferPointer(logits)) != nil else { return nil }
            penalties.apply(to: logits)
        }
        let logits = UnsafeBufferPointer(logits)
        guard let maximum = LogitScan.maximum(logits) else { return nil }
        let likeliest = LogitScan.firstIndex(of: maximum, in: logits)
        if temperature == 0 { return TokenID(likeliest) }
        return draw(logits, maximum, likeliest, position, lastKey: lastKey(logits, maximum, scratch))
    }

    /// z = (l − max) / τ, two rounded operations in binary64.
    @inline(__always)
    private func z(_ logit: Float, _ maximum: Float) -> Double {
        (Double(logit) - Double(maximum)) / temperature
    }

    /// The ranking key of the last token that top-k and top-p keep.
    private func lastKey(
        _ logits: UnsafeBufferPointer<Float>, _ maximum: Float, _ scratch: DrawScratch
    ) -> UInt64 {
        var last = UInt64.max
        if topK > 0 {
            let selection = scratch.selection
            for token in 0..<vocabularySize {
                selection.keys[token] = Ranking.key(logits[token], token)
                selection.weights[token] = 1
            }
            last = selection.end(count: vocabularySize, goal: UInt64(topK))
        }
        guard let topPShare else { return last }
        let selection = scratch.selection
        var count = 0
        var total: UInt64 = 0
        for token in 0..<vocabularySize {
            let z = z(logits[token], maximum)
            if z < Self.weightless { continue }
            let key = Ranking.key(logits[token], token)
            if key > last { continue }
            let weight = UInt64(ExactDouble.exp(z) * 0x1p40)
            selection.keys[count] = key
            selection.weights[count] = weight
            total += weight
            count += 1
        }
        // The least integer that is at least share · total / 2³²; the first token's weight is 2⁴⁰, so 1 is reachable.
        let product = total.multipliedFullWidth(by: topPShare)
        let floor = product.high << 32 | product.low >> 32
        let goal = floor + (product.low & 0xffff_ffff == 0 ? 0 : 1)
        return selection.end(count: count, goal: max(goal, 1))
    }

    /// The kept token with the largest z + g, the lowest id of equals.
    private func draw(
        _ logits: UnsafeBufferPointer<Float>, _ maximum: Float, _ likeliest: Int, _ position: UInt32, lastKey: UInt64
    ) -> TokenID {
        var winner = likeliest
        var best = Noise.gumbel(noise.word(position: position, token: TokenID(likeliest)))
        var threshold = hopeless(below: best, maximum)
        for group in 0..<(vocabularySize + 3) / 4 {
            let first = group * 4
            let end = min(first + 4, vocabularySize)
            guard LogitScan.reaches(threshold, logits, first, end) else { continue }
            let words = noise.words(position: position, group: UInt32(group))
            for token in first..<end where logits[token] >= threshold {
                let z = z(logits[token], maximum)
                let word = words[token & 3]
                if z < zFloor || z + Noise.bound(word) < best { continue }
                if Ranking.key(logits[token], token) > lastKey { continue }
                let score = z + Noise.gumbel(word)
                guard score > best || (score == best && token < winner) else { continue }
                (winner, best) = (token, score)
                threshold = hopeless(below: best, maximum)
            }
        }
        return TokenID(winner)
    }

    /// A logit below which no noise is large enough to reach `best`; errs to the low side.
    private func hopeless(below best: Double, _ maximum: Float) -> Float {
        Float(Double(maximum) + temperature * (best - Noise.upperBound)).nextDown
    }
}
