extension Jinja {
    /// Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks` on: a line feed after a block or comment goes,
    /// and so does white space before one on its line.
    struct Lexer {
        let source: [Unicode.Scalar]
        var position = 0
        var line = 1
        var tokens: [Token] = []
        /// Whether what came last ended a line.
        private var isLineStart = true

        /// All tokens of a template, `end` last.
        static func tokens(of text: String) throws(ChatTemplateError) -> [Token] {
            var lexer = Lexer(text)
            try lexer.run()
            return lexer.tokens
        }

        /// Every line ends with a line feed, and the last one's is dropped.
        private init(_ text: String) {
            var scalars: [Unicode.Scalar] = []
            for scalar in text.unicodeScalars {
                if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
                scalars.append(scalar)
            }
            for index in scalars.indices where scalars[index] == "\r" { scalars[index] = "\n" }
            if scalars.last == "\n" { scalars.removeLast() }
            source = scalars
        }

        private enum Tag: Unicode.Scalar {
            case variable = "{"
            case block = "%"
            case comment = "#"
        }

        private mutating func run() throws(ChatTemplateError) {
            while position < source.count {
                guard let tag = readData() else { break }
                switch tag {
                case .variable:
                    add(.variableBegin)
                    try readTag(isBlock: false)
                case .block:
                    add(.blockBegin)
                    try readTag(isBlock: true)
                case .comment: try skipComment()
                }
                isLineStart = source[position - 1] == "\n"
            }
            add(.end)
        }

        mutating func add(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: line)) }

        func scalar(_ offset: Int = 0) -> Unicode.Scalar? {
            position + offset < source.count ? source[position + offset] : nil
        }

        /// Moves on and counts lines.
        mutating func advance(to end: Int) {
            for index in position..<end where source[index] == "\n" { line += 1 }
            position = end
        }

        static func isSpace(_ scalar: Unicode.Scalar) -> Bool { MarkedText.isWhiteSpace(scalar.value) }

        mutating func skipSpace() {
            var end = position
            while end < source.count, Self.isSpace(source[end]) { end += 1 }
            advance(to: end)
        }

        /// Text up to the next tag, and that tag's beginning.
        private mutating func readData() -> Tag? {
            let start = position
            var end = start
            var tag: Tag?
            while end < source.count {
                if source[end] == "{", end + 1 < source.count, let found = Tag(rawValue: source[end + 1]) {
                    tag = found
                    break
                }
                end += 1
            }
            guard let tag else {
                addData(start..<end)
                advance(to: end)
                return nil
            }
            let sign = end + 2 < source.count ? source[end + 2] : nil
            addData(start..<dataEnd(start..<end, before: tag, sign))
            advance(to: end + (sign == "-" || sign == "+" ? 3 : 2))
            return tag
        }

        private mutating func addData(_ range: Range<Int>) {
            guard !range.isEmpty else { return }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: source[range])
            add(.data(String(text)))
        }

        /// Where the text before a tag ends, when the white space is gone that the tag's sign or its place takes.
        private func dataEnd(_ data: Range<Int>, before tag: Tag, _ sign: Unicode.Scalar?) -> Int {
            if sign == "-" {
                return (source[data].lastIndex { !Self.isSpace($0) }).map { $0 + 1 } ?? data.lowerBound
            }
            guard sign != "+", tag != .variable else { return data.upperBound }
            let lineStart = source[data].lastIndex(of: "\n").map { $0 + 1 } ?? data.lowerBound
            guard lineStart > data.lowerBound || isLineStart else { return data.upperBound }
            return source[lineStart..<data.upperBound].allSatisfy(Self.isSpace) ? lineStart : data.upperBound
        }

        private mutating func skipComment() throws(ChatTemplateError) {
            let start = position
            var end = start
            while end + 1 < source.count, source[end] != "#" || source[end + 1] != "}" { end += 1 }
            guard end + 1 < source.count else { throw .syntax(line: line, reason: "a comment does not end") }
            let sign = end > start ? source[end - 1] : nil
            advance(to: end + 2)
            trimAfterTag(sign)
        }

        /// What the end of a block or comment takes of the text behind it.
        mutating func trimAfterTag(_ sign: Unicode.Scalar?) {
            if sign == "-" { return skipSpace() }
            if sign != "+", scalar() == "\n" { advance(to: position + 1) }
        }
    }
}
