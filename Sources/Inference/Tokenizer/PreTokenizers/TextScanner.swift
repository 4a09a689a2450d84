/// A text, and the pieces of regular expressions that pre-tokenizers are made of.
///
/// Each function takes the place where it begins and gives the place where the match ends, nil when there is none; so
/// an expression's alternatives are joined with `??` in their order. All of them take time proportional to the match
/// and what they look ahead.
struct TextScanner {
    struct Scalar {
        let kind: UnicodeClass
        let value: UInt32
        /// Where the next one begins.
        let end: Int
    }

    private let utf8: ArraySlice<UInt8>

    /// Takes valid UTF-8; its indices are those of the slice.
    init(_ utf8: ArraySlice<UInt8>) { self.utf8 = utf8 }

    /// The scalar that begins at `index`; nil at the end.
    @inline(__always)
    func scalar(_ index: Int) -> Scalar? {
        guard index < utf8.endIndex else { return nil }
        let lead = utf8[index]
        if lead < 0x80 {
            return Scalar(kind: UnicodeClass(UInt32(lead)), value: UInt32(lead), end: index + 1)
        }
        let length = (~lead).leadingZeroBitCount
        var value = UInt32(lead & (0x7f >> UInt8(length)))
        for offset in 1..<length { value = value << 6 | UInt32(utf8[index + offset] & 0x3f) }
        return Scalar(kind: UnicodeClass(value), value: value, end: index + length)
    }

    /// `[classes]+`, or `[classes]{1,most}`
    func run(_ start: Int, of classes: UnicodeClasses, atMost most: Int = .max) -> Int? {
        var (end, count) = (start, 0)
        while count < most, let next = scalar(end), classes.contains(next.kind) {
            end = next.end
            count += 1
        }
        return count > 0 ? end : nil
    }

    /// `[bytes]*` for ASCII.
    func skip(_ start: Int, bytes: StaticString) -> Int {
        bytes.withUTF8Buffer { bytes in
            var end = start
            while end < utf8.endIndex, bytes.contains(utf8[end]) { end += 1 }
            return end
        }
    }

    /// ` ?`
    func optionalSpace(_ start: Int) -> Int {
        start < utf8.endIndex && utf8[start] == 0x20 ? start + 1 : start
    }

    /// `[^\r\n\p{L}\p{N}]?`
    func optionalPrefix(_ start: Int) -> Int {
        guard let first = scalar(start), first.value != 0x0a, first.value != 0x0d,
            !UnicodeClasses.letters.union(.numbers).contains(first.kind)
        else { return start }
        return first.end
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`, or the same in `(?i:…)`, where s also stands for its variant U+017F.
    func contraction(_ start: Int, anyCase: Bool) -> Int? {
        guard let apostrophe = scalar(start), apostrophe.value == 0x27, let first = scalar(apostrophe.end) else {
            return nil
        }
        func plain(_ letter: Scalar?) -> Unicode.Scalar? {
            guard let value = letter?.value else { return nil }
            if anyCase, value == 0x17f { return "s" }
            return Unicode.Scalar(anyCase && (0x41...0x5a).contains(value) ? value | 0x20 : value)
        }
        let second = scalar(first.end)
        switch (plain(first), plain(second)) {
        case ("s", _), ("t", _), ("m", _), ("d", _): return first.end
        case ("r", "e"), ("v", "e"), ("l", "l"): return second?.end
        default: return nil
        }
    }

    /// `\s*[\r\n]+`: white space up to the last line break in it.
    func lines(_ start: Int) -> Int? {
        var (end, found) = (start, Int?.none)
        while let next = scalar(end), next.kind == .whiteSpace {
            end = next.end
            if next.value == 0x0a || next.value == 0x0d { found = end }
        }
        return found
    }

    /// `\s+(?!\S)|\s+`: white space to the end of the text, or else all of it but the last, or else that one.
    func spaces(_ start: Int) -> Int? {
        var (end, last) = (start, start)
        while let next = scalar(end), next.kind == .whiteSpace { (last, end) = (end, next.end) }
        guard end > start else { return nil }
        return end == utf8.endIndex || last == start ? end : last
    }
}
