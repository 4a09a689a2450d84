import Inference

/// The definition in `docs/numerics.md` as plain loops: sorts everything, skips nothing.
struct ReferenceSampler {
    let parameters: SamplingParameters
    let noise: Noise
    var prompt: [TokenID] = []
    var answer: [TokenID] = []

    init(_ parameters: SamplingParameters, _ seed: NoiseSeed) {
        self.parameters = parameters
        noise = Noise(seed: seed)
    }

    func penalized(_ logits: [Float]) -> [Float] {
        logits.indices.map { token in
            var value = Double(logits[token])
            let count = answer.count { $0 == token }
            if count > 0 || prompt.contains(TokenID(token)) {
                value = value > 0 ? value / parameters.repetitionPenalty : value * parameters.repetitionPenalty
            }
            if count > 0 {
                value -= parameters.presencePenalty
                value -= Double(count) * parameters.frequencyPenalty
            }
            return Float(value)
        }
    }

    func next(_ raw: [Float], position: UInt32) -> TokenID? {
        guard raw.allSatisfy(\.isFinite) else { return nil }
        let logits = penalized(raw)
        guard logits.allSatisfy(\.isFinite) else { return nil }
        let ranked = logits.indices.sorted { a, b in logits[a] != logits[b] ? logits[a] > logits[b] : a < b }
        if parameters.temperature == 0 { return TokenID(ranked[0]) }
        let maximum = logits[ranked[0]]
        func z(_ token: Int) -> Double { (Double(logits[token]) - Double(maximum)) / parameters.temperature }

        var kept = parameters.topK > 0 ? Array(ranked.prefix(parameters.topK)) : ranked
        if parameters.topP < 1 {
            let share = UInt64((parameters.topP * 0x1p32).rounded(.toNearestOrEven))
            let weights = kept.map { UInt64(ExactDouble.exp(z($0)) * 0x1p40) }
            let goal = weights.reduce(0, +).multipliedFullWidth(by: share)
            var sum: UInt64 = 0
            var count = 0
            repeat {
                sum += weights[count]
                count += 1
            } while lessThan(sum.multipliedFullWidth(by: 1 << 32), goal)
            kept = Array(kept.prefix(count))
        }
        kept = kept.filter { z($0) >= ExactDouble.log(parameters.minP) }
        var winner = -1
        var best = -Double.infinity
        for token in kept.sorted() {
            let score = z(token) + Noise.gumbel(noise.word(position: position, token: TokenID(token)))
            if winner < 0 || score > best { (winner, best) = (token, score) }
        }
        return TokenID(winner)
    }

    private func lessThan(_ a: (high: UInt64, low: UInt64), _ b: (high: UInt64, low: UInt64)) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// A small generator for test inputs (SplitMix64), so that every run sees the same.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
