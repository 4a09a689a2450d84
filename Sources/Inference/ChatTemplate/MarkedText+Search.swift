extension MarkedText {
    /// Which ends of a text are stripped.
    enum Ends {
        case both
        case left
        case right

        var isLeft: Bool { self != .right }
        var isRight: Bool { self != .left }
    }

    /// White space as Python's texts see it: the Unicode property and the four separators of ASCII.
    static func isWhiteSpace(_ scalar: UInt32) -> Bool {
        UnicodeClass(scalar) == .whiteSpace || (0x1c...0x1f).contains(scalar)
    }

    /// Without the scalars at its ends that `isStripped` accepts.
    func stripped(_ ends: Ends, where isStripped: (UInt32) -> Bool) -> MarkedText {
        var part = 0..<count
        while ends.isLeft, !part.isEmpty {
            let (value, end) = scalar(at: part.lowerBound)
            guard isStripped(value) else { break }
            part = end..<part.upperBound
        }
        while ends.isRight, !part.isEmpty {
            let start = scalarStart(before: part.upperBound)
            guard isStripped(scalar(at: start).value) else { break }
            part = part.lowerBound..<start
        }
        return self[part]
    }

    /// Without white space, or the scalars of `characters`, at its ends.
    func stripped(_ ends: Ends = .both, characters: MarkedText? = nil) -> MarkedText {
        guard let characters else { return stripped(ends, where: Self.isWhiteSpace) }
        let set = Set(characters.text.unicodeScalars.map(\.value))
        return stripped(ends) { set.contains($0) }
    }

    func starts(with prefix: MarkedText) -> Bool { utf8.starts(with: prefix.utf8) }

    func ends(with suffix: MarkedText) -> Bool {
        suffix.count <= count && utf8[(count - suffix.count)...].elementsEqual(suffix.utf8)
    }

    /// Where `pattern`, which is not empty, occurs: from the left, without overlaps, at most `limit` times. Linear in
    /// both lengths (Knuth, Morris, Pratt), so that no text makes a search expensive.
    func occurrences(of pattern: MarkedText, limit: Int = .max) -> [Range<Int>] {
        let pattern = pattern.utf8
        guard pattern.count <= count, limit > 0 else { return [] }
        let borders = Self.borders(pattern)
        var found: [Range<Int>] = []
        var matched = 0
        for (index, byte) in utf8.enumerated() {
            while matched > 0, pattern[matched] != byte { matched = borders[matched - 1] }
            if pattern[matched] == byte { matched += 1 }
            guard matched == pattern.count else { continue }
            found.append((index + 1 - matched)..<(index + 1))
            if found.count == limit { break }
            matched = 0
        }
        return found
    }

    /// The length of the longest proper border of each prefix.
    private static func borders(_ pattern: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: pattern.count)
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[index] != pattern[length] { length = borders[length - 1] }
            if pattern[index] == pattern[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }

    /// The last `limit` occurrences, found from the right without overlaps; ascending.
    func lastOccurrences(of pattern: MarkedText, limit: Int) -> [Range<Int>] {
        let found = MarkedText(utf8: utf8.reversed()).occurrences(
            of: MarkedText(utf8: pattern.utf8.reversed()), limit: limit)
        return found.reversed().map { (count - $0.upperBound)..<(count - $0.lowerBound) }
    }

    func contains(_ pattern: MarkedText) -> Bool {
        pattern.isEmpty || !occurrences(of: pattern, limit: 1).isEmpty
    }

    /// The parts between the given ranges.
    func parts(between separators: [Range<Int>]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = 0
        for separator in separators {
            parts.append(start..<separator.lowerBound)
            start = separator.upperBound
        }
        parts.append(start..<count)
        return parts
    }

    /// The parts between runs of white space, of which at most `limit` separate; none is empty.
    func partsBetweenWhiteSpace(limit: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = end(of: true, from: 0)
        while start < count {
            guard parts.count < limit else {
                parts.append(start..<count)
                break
            }
            let wordEnd = end(of: false, from: start)
            parts.append(start..<wordEnd)
            start = end(of: true, from: wordEnd)
        }
        return parts
    }

    /// Where a run of white space, or of anything else, that begins at `start` ends.
    private func end(of isWhiteSpace: Bool, from start: Int) -> Int {
        var offset = start
        while offset < count {
            let (value, end) = scalar(at: offset)
            if Self.isWhiteSpace(value) != isWhiteSpace { break }
            offset = end
        }
        return offset
    }

    /// The parts between line ends, as Python's `splitlines` cuts them.
    func lines() -> [Range<Int>] {
        var ends: [Range<Int>] = []
        var offset = 0
        while offset < count {
            let (value, end) = scalar(at: offset)
            switch value {
            case 0x0d where end < count && utf8[end] == 0x0a:
                ends.append(offset..<(end + 1))
                offset = end + 1
                continue
            case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029: ends.append(offset..<end)
            default: break
            }
            offset = end
        }
        var lines = parts(between: ends)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }

    /// The first bytes, up to the end of a scalar.
    func prefix(bytes limit: Int) -> ArraySlice<UInt8> {
        guard count > limit else { return utf8[...] }
        var end = limit
        while utf8[end] & 0xc0 == 0x80 { end -= 1 }
        return utf8[..<end]
    }

    /// With every occurrence of `old`, at most `limit` of them, replaced.
    func replacing(_ old: MarkedText, with new: MarkedText, limit: Int) -> MarkedText {
        var result = MarkedText()
        var start = 0
        for found in occurrences(of: old, limit: limit) {
            result.append(self, start..<found.lowerBound)
            result.append(new)
            start = found.upperBound
        }
        result.append(self, start..<count)
        return result
    }
}

/// Upper and lower case of ASCII letters; all other scalars stay, so that no platform's tables matter.
extension MarkedText {
    enum LetterCase {
        case upper
        case lower
        /// The first scalar upper, the others lower.
        case capitalized
        /// Every letter upper that no letter precedes, the others lower; what is not ASCII counts as a letter.
        case title
    }

    func changed(to letterCase: LetterCase) -> MarkedText {
        var bytes = utf8
        var isAfterLetter = false
        var offset = 0
        while offset < count {
            let (value, end) = scalar(at: offset)
            let isUpper =
                switch letterCase {
                case .upper: true
                case .lower: false
                case .capitalized: offset == 0
                case .title: !isAfterLetter
                }
            if end == offset + 1 { bytes[offset] = Self.letter(utf8[offset], isUpper: isUpper) }
            isAfterLetter = Self.isLetter(value)
            offset = end
        }
        return replacingBytes(bytes)
    }

    private static func isLetter(_ scalar: UInt32) -> Bool {
        scalar >= 0x80 || (0x41...0x5a).contains(scalar & ~0x20)
    }

    private static func letter(_ byte: UInt8, isUpper: Bool) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): isUpper ? byte - 0x20 : byte
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): isUpper ? byte : byte + 0x20
        default: byte
        }
    }
}
