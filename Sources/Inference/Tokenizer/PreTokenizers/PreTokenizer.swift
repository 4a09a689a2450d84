/// Cuts text into the pieces within which byte pairs may merge.
///
/// Each is a regular expression, written out by hand over ``TextScanner``: no expression engine, and the Unicode classes
/// are our own.
package enum PreTokenizer: Sendable {
    case gpt2, smolLM, llama3, qwen2, qwen35, tekken, gpt4o

    /// The rules that GGUF files mean by a name in `tokenizer.ggml.pre`; nil for a name that is not known.
    package init?(named name: String) {
        switch name {
        case "gpt-2", "phi-2", "mpt", "olmo": self = .gpt2
        case "smollm", "starcoder", "refact", "command-r", "codeshell": self = .smolLM
        case "llama-bpe", "llama3", "llama-v3", "smaug-bpe", "dbrx": self = .llama3
        case "qwen2", "deepseek-r1-qwen", "stablelm2", "megrez": self = .qwen2
        case "qwen35": self = .qwen35
        case "tekken": self = .tekken
        case "gpt-4o", "llama4": self = .gpt4o
        default: return nil
        }
    }

    /// Calls `body` with each piece of valid UTF-8, in order; together they are the whole text.
    package func forEachPiece(_ utf8: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        switch self {
        case .gpt2: Self.cut(utf8, body) { $0.gpt2Piece($1) }
        case .smolLM: Self.cutNumbers(utf8, body)
        case .llama3: Self.cut(utf8, body) { $0.llamaPiece($1, digits: 3) }
        case .qwen2: Self.cut(utf8, body) { $0.llamaPiece($1, digits: 1) }
        case .qwen35: Self.cut(utf8, body) { $0.markedPiece($1) }
        case .tekken: Self.cut(utf8, body) { $0.casedPiece($1, digits: 1, contractions: false) }
        case .gpt4o: Self.cut(utf8, body) { $0.casedPiece($1, digits: 3, contractions: true) }
        }
    }

    /// The rules `smollm`: `\p{N}`, each a piece of its own, then GPT-2's rules for each stretch between these as if it
    /// were a whole text.
    private static func cutNumbers(_ utf8: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        let scanner = TextScanner(utf8)
        var (start, index) = (utf8.startIndex, utf8.startIndex)
        while let next = scanner.scalar(index) {
            if next.kind == .number {
                cut(utf8[start..<index], body) { $0.gpt2Piece($1) }
                body(utf8[index..<next.end])
                start = next.end
            }
            index = next.end
        }
        cut(utf8[start...], body) { $0.gpt2Piece($1) }
    }

    @inline(__always)
    private static func cut(
        _ utf8: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void, pieceEnd: (TextScanner, Int) -> Int
    ) {
        let scanner = TextScanner(utf8)
        var start = utf8.startIndex
        while start < utf8.endIndex {
            let end = pieceEnd(scanner, start)
            body(utf8[start..<end])
            start = end
        }
    }
}

extension TextScanner {
    /// GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    func gpt2Piece(_ start: Int) -> Int {
        contraction(start, anyCase: false)
            ?? run(optionalSpace(start), of: .letters)
            ?? run(optionalSpace(start), of: .numbers)
            ?? run(optionalSpace(start), of: .symbols)
            ?? spaces(start)!  // What is no letter, number or symbol is white space.
    }

    /// Llama 3 (three digits) and Qwen 2 (one):
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    func llamaPiece(_ start: Int, digits: Int) -> Int {
        contraction(start, anyCase: true)
            ?? run(optionalPrefix(start), of: .letters)
            ?? run(start, of: .numbers, atMost: digits)
            ?? run(optionalSpace(start), of: .symbols).map { skip($0, bytes: "\r\n") }
            ?? lines(start)
            ?? spaces(start)!  // As above.
    }

    /// Qwen 3.5, where a mark is like a letter:
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    func markedPiece(_ start: Int) -> Int {
        contraction(start, anyCase: true)
            ?? run(optionalPrefix(start), of: [.letters, .marks])
            ?? run(start, of: [.letters, .marks])  // A mark that is the prefix of nothing.
            ?? run(start, of: .numbers, atMost: 1)
            ?? run(optionalSpace(start), of: .other).map { skip($0, bytes: "\r\n") }
            ?? lines(start)
            ?? spaces(start)!  // As above.
    }

    /// Tekken (one digit, no contractions) and GPT-4o (three, and `(?i:'s|'t|'re|'ve|'m|'ll|'d)?` behind the first two
    /// alternatives), with U for `\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}` and V for `\p{Ll}\p{Lm}\p{Lo}\p{M}`:
    /// `[^\r\n\p{L}\p{N}]?[U]*[V]+|[^\r\n\p{L}\p{N}]?[U]+[V]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    func casedPiece(_ start: Int, digits: Int, contractions: Bool) -> Int {
        casedWord(start).map { contractions ? contraction($0, anyCase: true) ?? $0 : $0 }
            ?? run(start, of: .numbers, atMost: digits)
            ?? run(optionalSpace(start), of: .symbols).map { skip($0, bytes: "\r\n/") }
            ?? lines(start)
            ?? spaces(start)!  // As above.
    }

    private func casedWord(_ start: Int) -> Int? {
        let prefixed = optionalPrefix(start)
        // A mark is a prefix and a letter at once, so where the prefixed form fails the plain one may not.
        return upperThenLower(prefixed) ?? upperThenLower(start)
            // [V]* after all of [U]+ is empty, or the first alternative had matched.
            ?? run(prefixed, of: Self.upperLike) ?? run(start, of: Self.upperLike)
    }

    /// `[U]*[V]+`. If no lower-case letter follows the U's, they give back all behind the last that is a V, too.
    private func upperThenLower(_ start: Int) -> Int? {
        var (end, lastOfBoth) = (start, Int?.none)
        while let next = scalar(end), Self.upperLike.contains(next.kind) {
            end = next.end
            if next.kind != .upper { lastOfBoth = end }
        }
        return run(end, of: [.lower, .caseless, .marks]) ?? lastOfBoth
    }

    private static let upperLike: UnicodeClasses = [.upper, .caseless, .marks]
}
