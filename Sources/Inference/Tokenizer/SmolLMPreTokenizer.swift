/// Cuts text into the pieces within which byte pairs may merge: the rules called `smollm` in GGUF files.
///
/// First every `\p{N}` becomes a piece of its own; then what lies between is cut by GPT-2's expression
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, each stretch as if it were a whole
/// text. Written out by hand: no regular expression engine, and the Unicode classes are our own.
struct SmolLMPreTokenizer {
    private struct Character {
        let kind: UnicodeClass
        let scalar: UInt32
        let end: Int
    }

    private let utf8: ArraySlice<UInt8>

    /// Takes valid UTF-8.
    init(_ utf8: ArraySlice<UInt8>) { self.utf8 = utf8 }

    /// Calls `body` with each piece, in order; together they are the whole text.
    func forEachPiece(_ body: (ArraySlice<UInt8>) -> Void) {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            let end = pieceEnd(from: start)
            body(utf8[start..<end])
            start = end
        }
    }

    private func pieceEnd(from start: Int) -> Int {
        let first = character(at: start)!  // start < endIndex
        if first.kind == .number { return first.end }
        if first.scalar == 0x27, let end = contractionEnd(after: first.end) { return end }
        // ` ?` before letters or others: the space belongs to them when one of them follows.
        let body = first.scalar == 0x20 ? character(at: first.end) ?? first : first
        switch body.kind {
        case .letter, .other: return runEnd(of: body.kind, from: body.end)
        case .number, .whiteSpace: return whiteSpaceEnd(from: first)
        }
    }

    /// `'s 't 'm 'd 're 've 'll`, after the apostrophe.
    private func contractionEnd(after apostrophe: Int) -> Int? {
        let rest = utf8[apostrophe...].prefix(2)
        switch rest.first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return apostrophe + 1
        default:
            let text = String(decoding: rest, as: UTF8.self)
            return text == "re" || text == "ve" || text == "ll" ? apostrophe + 2 : nil
        }
    }

    private func runEnd(of kind: UnicodeClass, from start: Int) -> Int {
        var end = start
        while let next = character(at: end), next.kind == kind { end = next.end }
        return end
    }

    /// `\s+(?!\S)|\s+`: the whole run at the end of a stretch, else all but its last character, but at least one.
    private func whiteSpaceEnd(from first: Character) -> Int {
        var last = first
        var beforeLast: Int?
        while let next = character(at: last.end), next.kind == .whiteSpace {
            beforeLast = last.end
            last = next
        }
        guard let next = character(at: last.end), next.kind != .number else { return last.end }
        return beforeLast ?? last.end
    }

    @inline(__always)
    private func character(at index: Int) -> Character? {
        guard index < utf8.endIndex else { return nil }
        let lead = utf8[index]
        if lead < 0x80 {
            return Character(kind: UnicodeClass(UInt32(lead)), scalar: UInt32(lead), end: index + 1)
        }
        let length = (~lead).leadingZeroBitCount
        var scalar = UInt32(lead & (0x7f >> UInt8(length)))
        for offset in 1..<length { scalar = scalar << 6 | UInt32(utf8[index + offset] & 0x3f) }
        return Character(kind: UnicodeClass(scalar), scalar: scalar, end: index + length)
    }
}
