import Inference
import Testing

struct SamplerTests {
    private let seed = NoiseSeed(bytes: [UInt8](repeating: 7, count: 32))!  // 32 bytes: never nil.

    private func draw(_ sampler: Sampler, _ logits: [Float], _ position: Int = 0) -> TokenID? {
        var logits = logits
        let scratch = DrawScratch(vocabularySize: logits.count)
        return logits.withUnsafeMutableBufferPointer { sampler.next(logits: $0, position: position, scratch: scratch) }
    }

    private func randomParameters(_ random: inout SeededGenerator) -> SamplingParameters {
        func maybe<T>(_ neutral: T, _ value: T) -> T { Bool.random(using: &random) ? neutral : value }
        return SamplingParameters(
            temperature: [0, 0.01, 0.2, 0.7, 1, 2, 1e-300].randomElement(using: &random)!,
            topK: maybe(0, Int.random(in: 1...300, using: &random)),
            topP: maybe(1, [1e-12, 0.1, 0.5, 0.9, 0.95, 0.999999].randomElement(using: &random)!),
            minP: maybe(0, [0.001, 0.05, 0.5, 1].randomElement(using: &random)!),
            repetitionPenalty: maybe(1, Double.random(in: 0.8...1.5, using: &random)),
            presencePenalty: maybe(0, Double.random(in: -2...2, using: &random)),
            frequencyPenalty: maybe(0, Double.random(in: -2...2, using: &random)))
    }

    private func randomLogits(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
        let scale = [0, 0.01, 1, 5, 20, 1e6].randomElement(using: &random)! as Float
        let coarse = Bool.random(using: &random)  // Many equal logits, so that ties matter.
        return (0..<count).map { _ in
            let value = (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -1...1, using: &random) } * scale
            return coarse ? value.rounded() : value
        }
    }

    @Test func skippingTokensThatCannotWinChangesNothing() throws {
        var random = SeededGenerator(state: 1)
        for _ in 0..<1500 {
            let count = [1, 2, 3, 5, 17, 64, 257, 1000].randomElement(using: &random)!
            let parameters = randomParameters(&random)
            let seed = NoiseSeed(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })!
            let sampler = try Sampler(parameters: parameters, seed: seed, vocabularySize: count)
            var reference = ReferenceSampler(parameters, seed)
            reference.prompt = (0..<5).map { _ in TokenID.random(in: 0..<TokenID(count), using: &random) }
            sampler.observe(prompt: reference.prompt)
            for position in 5..<9 {
                let logits = randomLogits(count, &random)
                let token = try #require(draw(sampler, logits, position))
                #expect(token == reference.next(logits, position: UInt32(position)), "\(parameters) \(count)")
                sampler.observe(generated: token)
                reference.answer.append(token)
            }
        }
    }

    @Test func agreesWithTheReferenceOnAWholeVocabulary() throws {
        var random = SeededGenerator(state: 2)
        for (topK, topP) in [(0, 1.0), (0, 0.9), (40, 0.9), (1000, 1.0)] {
            let parameters = SamplingParameters(topK: topK, topP: topP)
            let sampler = try Sampler(parameters: parameters, seed: seed, vocabularySize: 49_152)
            let logits = (0..<49_152).map { _ in
                (0..<6).reduce(Float(0)) { sum, _ in sum + Float.random(in: -2.5...2.5, using: &random) }
            }
            for position in 0..<3 {
                let expected = ReferenceSampler(parameters, seed).next(logits, position: UInt32(position))
                #expect(draw(sampler, logits, position) == expected)
            }
        }
    }

    /// Chi-squared over eight tokens and 40,000 positions; 24.3 is the 0.1 % quantile for seven degrees of freedom.
    @Test func frequenciesMatchTheSoftmax() throws {
        let logits: [Float] = [2, 1.5, 1, 0.5, 0, -0.5, -1, 2.25]
        let temperature = 0.8
        let sampler = try Sampler(
            parameters: SamplingParameters(temperature: temperature), seed: seed, vocabularySize: logits.count)
        var counts = [Double](repeating: 0, count: logits.count)
        let draws = 40_000
        for position in 0..<draws { counts[Int(try #require(draw(sampler, logits, position)))] += 1 }
        let weights = logits.map { ExactDouble.exp(Double($0) / temperature) }
        let total = weights.reduce(0, +)
        let distance = zip(counts, weights).reduce(0.0) { sum, pair in
            let expected = pair.1 / total * Double(draws)
            return sum + (pair.0 - expected) * (pair.0 - expected) / expected
        }
        #expect(distance < 24.3)
        #expect(distance > 0.6)  // A fit far better than chance (0.1 %) would mean that draws are not independent.
    }

    @Test func zeroTemperatureTakesTheLowestOfEqualTokens() throws {
        let sampler = try Sampler(
            parameters: SamplingParameters(temperature: 0), seed: seed, vocabularySize: 5)
        #expect(draw(sampler, [1, 3, 2, 3, -1]) == 1)
        #expect(draw(sampler, [-0.0, 0.0, -1, -1, -1]) == 0)
    }

    @Test func penaltiesCountThePromptOnlyForRepetition() throws {
        func sampler(_ parameters: SamplingParameters) throws -> Sampler {
            let sampler = try Sampler(parameters: parameters, seed: seed, vocabularySize: 3)
            sampler.observe(prompt: [0])
            return sampler
        }
        let repetition = try sampler(SamplingParameters(temperature: 0, repetitionPenalty: 2))
        #expect(draw(repetition, [3, 2, -5]) == 1)
        let presence = try sampler(SamplingParameters(temperature: 0, presencePenalty: 2))
        #expect(draw(presence, [3, 2, -5]) == 0)
        presence.observe(generated: 0)
        #expect(draw(presence, [3, 2, -5]) == 1)
        let frequency = try sampler(SamplingParameters(temperature: 0, frequencyPenalty: 0.5))
        frequency.observe(generated: 0)
        #expect(draw(frequency, [3, 2, -5]) == 0)
        frequency.observe(generated: 0)
        frequency.observe(generated: 0)
        #expect(draw(frequency, [3, 2, -5]) == 1)
    }

    @Test func logitsThatAreNotFiniteGiveNoToken() throws {
        for temperature in [0, 1.0] {
            let parameters = SamplingParameters(temperature: temperature)
            for index in [0, 7, 8, 9] {
                for bad in [Float.nan, .infinity, -.infinity] {
                    var logits = [Float](repeating: 1, count: 10)
                    logits[index] = bad
                    let sampler = try Sampler(parameters: parameters, seed: seed, vocabularySize: 10)
                    #expect(draw(sampler, logits) == nil)
                }
            }
        }
        let penalized = try Sampler(
            parameters: SamplingParameters(temperature: 0, repetitionPenalty: 10), seed: seed, vocabularySize: 2)
        penalized.observe(prompt: [0])
        #expect(draw(penalized, [-1e38, 1]) == nil)
    }

    @Test func refusesParametersOutsideTheirRangeByName() {
        let cases: [(String, SamplingParameters)] = [
            ("temperature", SamplingParameters(temperature: -0.1)),
            ("temperature", SamplingParameters(temperature: .nan)),
            ("temperature", SamplingParameters(temperature: 2.1)), ("top_k", SamplingParameters(topK: -1)),
            ("top_p", SamplingParameters(topP: 0)), ("top_p", SamplingParameters(topP: 1.1)),
            ("min_p", SamplingParameters(minP: -0.1)),
            ("repetition_penalty", SamplingParameters(repetitionPenalty: 0)),
            ("presence_penalty", SamplingParameters(presencePenalty: 3)),
            ("frequency_penalty", SamplingParameters(frequencyPenalty: -3)),
        ]
        for (field, parameters) in cases {
            let error = #expect(throws: SamplingError.self) {
                try Sampler(parameters: parameters, seed: seed, vocabularySize: 3)
            }
            guard case .outOfRange(field, _) = error else {
                Issue.record("\(field) not named")
                continue
            }
        }
    }
}
