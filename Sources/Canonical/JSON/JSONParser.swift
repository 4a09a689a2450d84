/// A recursive-descent parser of RFC 8259, bounded in depth. It reads memory that its owner keeps alive.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let depthLimit: Int
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    mutating func parseText() throws(JSONSyntaxFailure) -> JSONValue {
        let value = try parseValue(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw .unexpected(offset: offset) }
        return value
    }

    private mutating func parseValue(depth: Int) throws(JSONSyntaxFailure) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["): return try parseArray(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw .unexpected(offset: offset)
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONSyntaxFailure) -> JSONValue {
        guard depth <= depthLimit else { throw .tooDeep(limit: depthLimit) }
        offset += 1
        var members: [String: JSONValue] = [:]
        if try skips(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw .unexpected(offset: offset) }
            let keyOffset = offset
            let key = try parseString()
            guard try skips(UInt8(ascii: ":")) else { throw .unexpected(offset: offset) }
            let value = try parseValue(depth: depth)
            guard members.updateValue(value, forKey: key) == nil else { throw .duplicateKey(offset: keyOffset) }
        } while try skips(UInt8(ascii: ","))
        guard try skips(UInt8(ascii: "}")) else { throw .unexpected(offset: offset) }
        return .object(members)
    }

    private mutating func parseArray(depth: Int) throws(JSONSyntaxFailure) -> JSONValue {
        guard depth <= depthLimit else { throw .tooDeep(limit: depthLimit) }
        offset += 1
        var elements: [JSONValue] = []
        if try skips(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try parseValue(depth: depth))
        } while try skips(UInt8(ascii: ","))
        guard try skips(UInt8(ascii: "]")) else { throw .unexpected(offset: offset) }
        return .array(elements)
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxFailure) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw .unexpected(offset: offset) }
            offset += 1
        }
        return value
    }

    // MARK: Numbers (RFC 8259, section 6)

    private mutating func parseNumber() throws(JSONSyntaxFailure) -> JSONValue {
        let start = offset
        skip(UInt8(ascii: "-"))
        let integerDigits = skipDigits()
        // No digits, or a leading zero.
        guard integerDigits > 0, integerDigits == 1 || bytes[offset - integerDigits] != UInt8(ascii: "0") else {
            throw .invalidNumber(offset: start)
        }
        var isInteger = true
        if skip(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() > 0 else { throw .invalidNumber(offset: start) }
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isInteger = false
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw .invalidNumber(offset: start) }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger {
            guard let integer = Int64(text) else { throw .invalidNumber(offset: start) }
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else { throw .invalidNumber(offset: start) }
        // RFC 8785 writes both zeros alike, so a signed value must not depend on which one was read.
        return .number(number == 0 ? 0 : number)
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    // MARK: Strings (RFC 8259, section 7)

    private mutating func parseString() throws(JSONSyntaxFailure) -> String {
        let start = offset
        offset += 1
        let first = offset
        var unescaped: [UInt8]?
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                defer { offset += 1 }
                let text =
                    if let unescaped {
                        String(validating: unescaped, as: UTF8.self)
                    } else {
                        String(validating: bytes[first..<offset], as: UTF8.self)
                    }
                guard let text, !Self.hasLongRunOfMarks(text) else { throw .invalidString(offset: start) }
                return text
            case UInt8(ascii: "\\"):
                var collected = unescaped ?? [UInt8](bytes[first..<offset])
                unescaped = nil  // so that the append below does not copy
                collected.append(contentsOf: String(try parseEscape()).utf8)
                unescaped = collected
            case 0..<0x20:
                throw .invalidString(offset: offset)
            default:
                let plain = plainBytes()
                unescaped?.append(contentsOf: plain)
                offset += plain.count
            }
        }
    }

    /// The bytes from here on that stand for themselves in a string.
    private func plainBytes() -> UnsafeRawBufferPointer {
        var end = offset
        while end < bytes.count, bytes[end] >= 0x20, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\")
        {
            end += 1
        }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
    }

    /// Swift compares and hashes strings by their normal form, whose marks it sorts in quadratic time: one megabyte of
    /// them in a single run would take minutes wherever it is compared.
    private static func hasLongRunOfMarks(_ text: String) -> Bool {
        // A mark has two bytes at least, of which the first is not below that of U+0300.
        guard text.utf8.count > 2 * JSONLimits.marks else { return false }
        var text = text
        guard text.withUTF8({ $0.reduce(0, max) }) >= 0xCC else { return false }
        var run = 0
        for scalar in text.unicodeScalars {
            let isMark = scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered
            run = isMark ? run + 1 : 0
            if run > JSONLimits.marks { return true }
        }
        return false
    }

    private mutating func parseEscape() throws(JSONSyntaxFailure) -> Unicode.Scalar {
        let start = offset
        offset += 1
        let letter = try peek()
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape(start: start)
        default: throw .invalidString(offset: start)
        }
    }

    /// Four hexadecimal digits, or two such escapes that form a surrogate pair.
    private mutating func parseUnicodeEscape(start: Int) throws(JSONSyntaxFailure) -> Unicode.Scalar {
        let unit = try parseHexadecimal(start: start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
            throw .invalidString(offset: start)
        }
        let trail = try parseHexadecimal(start: start)
        guard UTF16.isTrailSurrogate(trail) else { throw .invalidString(offset: start) }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    private mutating func parseHexadecimal(start: Int) throws(JSONSyntaxFailure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else {
                throw .invalidString(offset: start)
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }

    // MARK: Moving on

    private func peek() throws(JSONSyntaxFailure) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        return bytes[offset]
    }

    @discardableResult
    private mutating func skip(_ character: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == character else { return false }
        offset += 1
        return true
    }

    /// Skips space, then `character` if it follows. There always has to be something.
    private mutating func skips(_ character: UInt8) throws(JSONSyntaxFailure) -> Bool {
        skipSpace()
        guard try peek() == character else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }
}
