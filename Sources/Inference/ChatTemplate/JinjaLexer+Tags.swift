extension Jinja.Lexer {
    private static let closing: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]
    /// The longest first.
    private static let symbols = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",",
    ].map { Array($0.unicodeScalars) }

    /// Everything up to the tag's end.
    mutating func readTag(isBlock: Bool) throws(ChatTemplateError) {
        var open: [Unicode.Scalar] = []
        while true {
            skipSpace()
            guard let next = scalar() else { throw .syntax(line: line, reason: "a tag does not end") }
            if open.isEmpty, endTag(isBlock: isBlock) { return }
            switch next {
            case "0"..."9": try readNumber()
            case "a"..."z", "A"..."Z", "_": try readName()
            case "'", "\"": try readString(next)
            default:
                let symbol = try readSymbol()
                if let closing = Self.closing[symbol] {
                    open.append(closing)
                } else if [")", "]", "}"].contains(symbol), open.popLast() != symbol {
                    throw .syntax(line: line, reason: "an unexpected '\(symbol)'")
                }
            }
        }
    }

    private mutating func endTag(isBlock: Bool) -> Bool {
        let sign = scalar() == "-" || (isBlock && scalar() == "+") ? scalar() : nil
        let place = sign == nil ? 0 : 1
        guard scalar(place) == (isBlock ? "%" : "}"), scalar(place + 1) == "}" else { return false }
        add(isBlock ? .blockEnd : .variableEnd)
        advance(to: position + place + 2)
        if isBlock || sign == "-" { trimAfterTag(sign) }
        return true
    }

    private mutating func readName() throws(ChatTemplateError) {
        var name = ""
        while let next = scalar(), Self.isWord(next) {
            name.unicodeScalars.append(next)
            position += 1
        }
        if name == "raw", tokens.last?.kind == .blockBegin {
            throw .unsupported(line: line, construct: "the block 'raw'")
        }
        add(.name(name))
    }

    private mutating func readNumber() throws(ChatTemplateError) {
        let isAttribute = tokens.last?.kind == .symbol(".")
        let start = position
        var value = 0
        while let next = scalar(), let digit = Self.digit(next, base: 10) ?? (next == "_" ? 0 : nil) {
            if next != "_" {
                let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflows) = product.addingReportingOverflow(Int(digit))
                guard !isTooLarge, !overflows else { throw .limit("a whole number of more than 64 bits") }
                value = sum
            }
            position += 1
        }
        let isFraction = !isAttribute && scalar() == "." && scalar(1).flatMap { Self.digit($0, base: 10) } != nil
        if isFraction || scalar() == "e" || scalar() == "E" {
            throw .unsupported(line: line, construct: "a number that is not whole")
        }
        let isPlain = source[start] != "0" || value == 0
        guard isPlain, !(scalar().map(Self.isWord) ?? false) else {
            throw .syntax(line: line, reason: "a malformed number")
        }
        add(.integer(value))
    }

    private mutating func readSymbol() throws(ChatTemplateError) -> Unicode.Scalar {
        for symbol in Self.symbols where source[position...].starts(with: symbol) {
            add(.symbol(symbol.reduce(into: "") { $0.unicodeScalars.append($1) }))
            position += symbol.count
            return symbol[0]
        }
        throw .syntax(line: line, reason: "an unexpected character")
    }

    /// A quoted text with Python's escapes.
    private mutating func readString(_ quote: Unicode.Scalar) throws(ChatTemplateError) {
        let firstLine = line
        var text = String.UnicodeScalarView()
        advance(to: position + 1)
        while let next = scalar() {
            advance(to: position + 1)
            if next == quote {
                tokens.append(Jinja.Token(kind: .string(String(text)), line: firstLine))
                return
            }
            if next == "\\" { try readEscape(into: &text) } else { text.append(next) }
        }
        throw .syntax(line: firstLine, reason: "a text does not end")
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
        "v": "\u{b}",
    ]

    private mutating func readEscape(into text: inout String.UnicodeScalarView) throws(ChatTemplateError) {
        guard let next = scalar() else { throw .syntax(line: line, reason: "a text does not end") }
        if let plain = Self.escapes[next] {
            text.append(plain)
            return advance(to: position + 1)
        }
        switch next {
        case "\n": advance(to: position + 1)
        case "x": text.append(try readCode(digits: 2))
        case "u": text.append(try readCode(digits: 4))
        case "U": text.append(try readCode(digits: 8))
        case "0"..."7": text.append(readOctal())
        case "N": throw .unsupported(line: line, construct: "the escape '\\N'")
        default: text.append("\\")  // As Python reads an escape it does not know: nothing is escaped.
        }
    }

    private mutating func readCode(digits: Int) throws(ChatTemplateError) -> Unicode.Scalar {
        position += 1
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = scalar().flatMap({ Self.digit($0, base: 16) }), value < 1 << 28 else {
                throw .syntax(line: line, reason: "a malformed escape")
            }
            value = value << 4 | digit
            position += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw .syntax(line: line, reason: "an escape of no character") }
        return scalar
    }

    private mutating func readOctal() -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<3 {
            guard let digit = scalar().flatMap({ Self.digit($0, base: 8) }) else { break }
            value = value << 3 | digit
            position += 1
        }
        return Unicode.Scalar(value) ?? "\0"  // Three octal digits reach 0x1ff: no surrogates.
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    static func digit(_ scalar: Unicode.Scalar, base: UInt32) -> UInt32? {
        let value: UInt32
        switch scalar {
        case "0"..."9": value = scalar.value - 0x30
        case "a"..."f": value = scalar.value - 0x57
        case "A"..."F": value = scalar.value - 0x37
        default: return nil
        }
        return value < base ? value : nil
    }
}
