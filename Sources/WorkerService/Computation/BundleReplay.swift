public import DNAProtocol
import Inference

/// Computes a bundle's answer again, many tokens in one pass, and compares.
public struct BundleReplay: Sendable {
    /// The first thing in which a bundle differs from its recomputation, in this order.
    public enum Mismatch: Hashable, Sendable, CustomStringConvertible {
        /// A name in the decision is not what the bundle's request leads to: `request`, `model` or `seed`.
        case decision(field: String)
        /// The prompt's token ids; nil where one of the two has ended.
        case promptToken(index: Int, computed: Int?, given: Int?)
        /// The answer's token ids; nil where one of the two has ended.
        case token(index: Int, computed: Int?, given: Int?)
        /// Why the answer ended.
        case finishReason(computed: FinishReason, given: FinishReason)
        /// The text, at the token with this index; nil when it goes on after the last token.
        case text(token: Int?)
        /// A digest in the decision that is not the computed one's: `prompt`, `output`, `trace`, `tokens` or
        /// `finish_reason`.
        case digest(field: String)

        /// One sentence that names the place.
        public var description: String {
            switch self {
            case .decision(let field): "decision.\(field) is not what the request leads to"
            case .promptToken(let index, let computed, let given):
                "the prompt differs at token \(index): computed \(Self.name(computed)), given \(Self.name(given))"
            case .token(let index, let computed, let given):
                "the answer differs at token \(index): the model draws \(Self.name(computed)), "
                    + "the bundle says \(Self.name(given))"
            case .finishReason(let computed, let given):
                "the answer ends with \(computed.rawValue), the bundle says \(given.rawValue)"
            case .text(.some(let index)): "the text differs at token \(index)"
            case .text(nil): "the text goes on after the last token"
            case .digest(let field): "decision.\(field) is not the computed one"
            }
        }

        private static func name(_ token: Int?) -> String { token.map(String.init) ?? "the end" }
    }

    /// What a replay found.
    public struct Report: Sendable {
        /// The first difference; nil when everything is equal.
        public let mismatch: Mismatch?
        /// How many tokens of the answer were computed and found equal.
        public let equalTokens: Int
    }

    /// The public's name for why an answer ended.
    public typealias FinishReason = DNAProtocol.FinishReason

    private let computation: RequestComputation

    /// Replays on `computation`'s engine.
    public init(_ computation: RequestComputation) { self.computation = computation }

    /// Replays `bundle`, up to the first token that differs.
    ///
    /// - Parameter progress: told how many tokens of the answer are done, and how many the bundle has.
    public func run(
        _ bundle: Bundle, progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> Report {
        let request = bundle.evidence.request
        try request.validate()
        if let field = try wrongName(in: bundle) {
            return Report(mismatch: .decision(field: field), equalTokens: 0)
        }
        let prompt = try computation.prompt(of: request.input).tokens
        if let (index, computed, given) = firstDifference(prompt, bundle.prompt.tokens) {
            let mismatch = Mismatch.promptToken(index: index, computed: computed, given: given)
            return Report(mismatch: mismatch, equalTokens: 0)
        }
        let given = bundle.output.tokens
        switch try await computation.replay(request, tokens: given, onToken: { progress($0, given.count) }) {
        case .differs(let index, let computed):
            let mismatch = Mismatch.token(
                index: index, computed: computed, given: index < given.count ? given[index] : nil)
            return Report(mismatch: mismatch, equalTokens: index)
        case .equal(let answer):
            return Report(mismatch: try mismatch(of: bundle, and: answer), equalTokens: answer.output.tokens.count)
        }
    }

    private func wrongName(in bundle: Bundle) throws -> String? {
        let (request, decision) = (bundle.evidence.request, bundle.certificate.decision)
        let requestID = try request.requestID()
        guard decision.request == requestID else { return "request" }
        let model = computation.model.id
        guard request.model == model, decision.model == model else { return "model" }
        return decision.seed == Randomness(of: request, id: requestID).seed ? nil : "seed"
    }

    private func mismatch(of bundle: Bundle, and answer: ComputedAnswer) throws -> Mismatch? {
        let (computed, given) = (answer.output, bundle.output)
        if let (index, computed, given) = firstDifference(computed.tokens, given.tokens) {
            return .token(index: index, computed: computed, given: given)
        }
        if computed.finishReason != given.finishReason {
            return .finishReason(computed: computed.finishReason, given: given.finishReason)
        }
        if !computed.text.utf8.elementsEqual(given.text.utf8) {
            return .text(token: token(at: given.text, in: computed))
        }
        let decision = bundle.certificate.decision
        let result = try answer.result()
        let output = try result.output.outputID()
        let fields: [(String, Bool)] = [
            ("trace", decision.trace == result.trace), ("prompt", decision.prompt == result.prompt),
            ("output", decision.output == output), ("tokens", decision.tokens == computed.tokens.count),
            ("finish_reason", decision.finishReason == computed.finishReason),
        ]
        return fields.first { !$0.1 }.map { .digest(field: $0.0) }
    }

    /// The index of the token at whose text `given` departs from `computed`.
    private func token(at given: String, in computed: Output) -> Int? {
        let common = zip(given.utf8, computed.text.utf8).prefix { $0 == $1 }.count
        var decoder = StreamingDecoder(computation.engine.tokenizer)
        var length = 0
        for (index, token) in computed.tokens.enumerated() {
            // The computed tokens came from this tokenizer's vocabulary.
            length += decoder.append(TokenID(truncatingIfNeeded: token)).utf8.count
            if common < length { return index }
        }
        return nil
    }
}

/// The first index at which two lists differ, with what stands there.
private func firstDifference(_ computed: [Int], _ given: [Int]) -> (Int, Int?, Int?)? {
    let index = zip(computed, given).prefix { $0 == $1 }.count
    guard index < max(computed.count, given.count) else { return nil }
    return (index, index < computed.count ? computed[index] : nil, index < given.count ? given[index] : nil)
}
