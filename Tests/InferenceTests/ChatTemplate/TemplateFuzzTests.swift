import Inference
import Testing

/// Mangled templates and conversations: a trap would end the whole test process.
struct TemplateFuzzTests {
    /// SplitMix64.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private static let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "'", "\"", "\\", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":",
        "~",
        "*", "//", "%", "==", "<", "0", "1", "-1", "99999999999999999999", " ", "\n", "if", "else", "endif", "for",
        "in",
        "endfor", "set", "endset", "macro", "endmacro", "is", "not", "and", "or", "loop.index", "loop.last", "messages",
        "message", "content", "role", "none", "true", "namespace(", "range(", "trim", "join", "tojson", "split(",
        "replace(", "[::-1]", "[1:", "é", "🎉", "\u{0}", "\u{85}", "x", "<|im_end|>", "raise_exception(", "strip(",
        "selectattr(", "map(", "default(", "defined", "string", "indent(", "dictsort", "items()",
    ]

    private func mangled(_ text: String, _ chance: inout Chance) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...6, using: &chance) {
            let place = Int.random(in: 0...scalars.count, using: &chance)
            switch Int.random(in: 0..<4, using: &chance) {
            case 0: scalars.insert(contentsOf: Self.pieces.randomElement(using: &chance)!.unicodeScalars, at: place)
            case 1:
                let length = Int.random(in: 0...12, using: &chance)
                scalars.removeSubrange(place..<min(scalars.count, place + length))
            case 2:
                let from = Int.random(in: 0...scalars.count, using: &chance)
                let length = Int.random(in: 0...40, using: &chance)
                scalars.insert(contentsOf: Array(scalars[from..<min(scalars.count, from + length)]), at: place)
            default: if place < scalars.count { scalars[place] = scalars.randomElement(using: &chance)! }
            }
        }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }

    private func conversation(_ chance: inout Chance) -> [ChatMessage] {
        (0..<Int.random(in: 0...5, using: &chance)).map { _ in
            let parts = (0..<Int.random(in: 0...6, using: &chance)).map { _ in
                Self.pieces.randomElement(using: &chance)!
            }
            return ChatMessage(
                role: ["system", "user", "assistant", "", "🎉"].randomElement(using: &chance)!, content: parts.joined())
        }
    }

    @Test func mangledTemplatesEndAlikeAndTrustNoMessage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed of the mangled templates: \(seed)")
        var chance = Chance(state: seed)
        let published = try TemplateVectors.load(TemplateVectors.Published.self, "published").templates.map(\.template)
        let constructs = try TemplateVectors.load(TemplateVectors.Constructs.self, "constructs").cases.map(\.template)
        var limits = ChatTemplateLimits.standard
        limits.work = 1 << 22
        var rendered = 0
        for round in 0..<6000 {
            let source = (round % 3 == 0 ? published : constructs).randomElement(using: &chance)!
            let jinja = mangled(source, &chance)
            let messages = conversation(&chance)
            let results = (0..<2).map { _ in
                Result { () throws(ChatTemplateError) in
                    try ChatTemplate(jinja: jinja, beginToken: "<s>", endToken: "</s>", limits: limits).render(messages)
                }
            }
            #expect(results[0] == results[1], "\(seed) \(round)")
            guard case .success(let text) = results[0] else { continue }
            rendered += 1
            var end = 0
            for range in text.trusted {
                #expect(
                    range.lowerBound >= end && !range.isEmpty && range.upperBound <= text.utf8.count, "\(seed) \(round)"
                )
                end = range.upperBound + 1
                let part = String(decoding: text.utf8[range], as: UTF8.self)
                #expect(Array(part.utf8) == Array(text.utf8[range]), "\(seed) \(round)")
            }
            #expect(Array(text.text.utf8) == text.utf8, "\(seed) \(round)")
        }
        #expect(rendered > 500)
    }
}
