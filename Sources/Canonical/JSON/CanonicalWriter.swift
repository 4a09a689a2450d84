/// Writes the canonical form of RFC 8785, section 3.2.
struct CanonicalWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: JSONValue) throws(JSONEncodingFailure) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let integer): try write(integer)
        case .number(let number): try write(number)
        case .string(let text): write(text)
        case .array(let elements): try write(elements)
        case .object(let members): try write(members)
        }
    }

    private mutating func write(_ integer: Int64) throws(JSONEncodingFailure) {
        guard integer.magnitude <= JSONValue.largestSafeInteger else { throw .unsafeInteger }
        append(integer.description)
    }

    private mutating func write(_ number: Double) throws(JSONEncodingFailure) {
        guard number.isFinite else { throw .notFinite }
        // From 10²¹ on numbers are written with an exponent, so a reader knows that they are not integers.
        guard number.magnitude <= Double(JSONValue.largestSafeInteger) || number.magnitude >= 1e21 else {
            throw .unsafeInteger
        }
        append(ECMAScriptNumber.text(of: number))
    }

    private mutating func write(_ elements: [JSONValue]) throws(JSONEncodingFailure) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            try write(element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ members: [String: JSONValue]) throws(JSONEncodingFailure) {
        bytes.append(UInt8(ascii: "{"))
        let sorted = members.sorted { CanonicalOrder.precedes($0.key, $1.key) }
        for (index, member) in sorted.enumerated() {
            begin(member.key, index)
            try write(member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Writes the part of `tree` below `node`.
    mutating func write(_ tree: EncodingTree, at node: Int = 0) throws(JSONEncodingFailure) {
        switch tree.nodes[node].content {
        case .nothing: throw tree.failure(at: node)
        case .value(let value): try write(value)
        case .array(let children):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in tree.elements(children).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try write(tree, at: element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let children):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in tree.members(children).enumerated() {
                begin(tree.nodes[member].name, index)
                try write(tree, at: member)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func begin(_ name: String, _ index: Int) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Only what must be escaped is (RFC 8785, 3.2.2.2); all between goes in one piece.
    private mutating func write(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            var start = 0
            for (index, byte) in utf8.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
                escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        default: append("\\u00" + Hexadecimal.encode([byte]))
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}

/// The order of an object's members: by the UTF-16 code units of their names (RFC 8785, 3.2.3).
enum CanonicalOrder {
    /// Whether `left` comes before `right`.
    ///
    /// The first bytes of UTF-8 that differ decide as the code units do, unless one is of a character beyond the basic
    /// plane (F0 and up), whose surrogates come before U+E000 to U+FFFF (EE and EF).
    static func precedes(_ left: String, _ right: String) -> Bool {
        var (left, right) = (left, right)
        let first = left.withUTF8 { left in right.withUTF8 { right in order(left, right) } }
        return first ?? left.utf16.lexicographicallyPrecedes(right.utf16)
    }

    private static func order(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool? {
        let length = min(left.count, right.count)
        guard let place = (0..<length).first(where: { left[$0] != right[$0] }) else { return left.count < right.count }
        return min(left[place], right[place]) < 0xEE ? left[place] < right[place] : nil
    }
}

/// Numbers as ECMAScript's Number::toString writes them (ECMA-262, 6.1.6.1.20), which RFC 8785 prescribes.
package enum ECMAScriptNumber {
    /// The text of a finite number. Both signs of zero give `0`.
    package static func text(of number: Double) -> String {
        guard number != 0 else { return "0" }
        let (digits, point) = shortestDigits(of: number.magnitude)
        return (number < 0 ? "-" : "") + layOut(digits, point: point)
    }

    /// The shortest digits that give the number back, the nearest to it where several are, which is what Swift's own
    /// description consists of; `point` is ECMA-262's n: the value is 0.d₁d₂… × 10ⁿ.
    private static func shortestDigits(of number: Double) -> (digits: [UInt8], point: Int) {
        let parts = number.description.utf8.split(separator: UInt8(ascii: "e"))
        let exponent = parts.count == 2 ? Int(Substring(parts[1]))! : 0  // Swift wrote it: always a number
        var digits: [UInt8] = []
        var point: Int?
        for character in parts[0] {
            if character == UInt8(ascii: ".") {
                point = digits.count
            } else {
                digits.append(character)
            }
        }
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let position = (point ?? digits.count) + exponent - zeros
        digits.removeFirst(zeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, position)
    }

    private static func layOut(_ digits: [UInt8], point: Int) -> String {
        let count = digits.count
        if count <= point, point <= 21 { return text(digits) + zeros(point - count) }
        if 0 < point, point <= 21 { return text(digits[..<point]) + "." + text(digits[point...]) }
        if -6 < point, point <= 0 { return "0." + zeros(-point) + text(digits) }
        let exponent = point - 1
        let suffix = (exponent < 0 ? "e-" : "e+") + String(exponent.magnitude)
        return text(digits[..<1]) + (count > 1 ? "." + text(digits[1...]) : "") + suffix
    }

    private static func text(_ digits: some Collection<UInt8>) -> String {
        String(decoding: digits, as: UTF8.self)
    }

    private static func zeros(_ count: Int) -> String {
        String(repeating: "0", count: count)
    }
}
