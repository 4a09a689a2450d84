extension Jinja.Run {
    /// How JSON is written: as Python's `json.dumps` with the arguments of Hugging Face's `tojson`.
    private struct JSONStyle {
        var isASCII = false
        var indent: Int?
        var comma = MarkedText(", ", isTrusted: false)
        var colon = MarkedText(": ", isTrusted: false)
        var sortsKeys = false
    }

    /// A value as JSON. Its texts keep their origin, everything between and around them is plain.
    mutating func json(_ value: Value, _ arguments: [Value?]) throws(ChatTemplateError) -> MarkedText {
        var style = JSONStyle()
        style.isASCII = arguments[0]?.isTrue ?? false
        if let indent = arguments[1], indent.kind != Value.none.kind {
            guard let indent = indent.integer, (0...16).contains(indent) else { throw failure("such an indent") }
            style.indent = indent
            style.comma = MarkedText(",", isTrusted: false)
        }
        if let separators = arguments[2], separators.kind != Value.none.kind {
            guard case .list(let list) = separators, list.elements.count == 2, case .text(let comma) = list.elements[0],
                case .text(let colon) = list.elements[1]
            else { throw failure("separators other than two texts") }
            (style.comma, style.colon) = (comma, colon)
        }
        style.sortsKeys = arguments[3]?.isTrue ?? false
        var result = MarkedText()
        try write(value, style, level: 0, into: &result)
        return result
    }

    private mutating func write(
        _ value: Value, _ style: JSONStyle, level: Int, into result: inout MarkedText
    ) throws(ChatTemplateError) {
        try spend(32)
        guard result.count <= limits.output else { throw .limit("more than \(limits.output) bytes of text") }
        switch value {
        case .none: append("null", to: &result)
        case .bool(let flag): append(flag ? "true" : "false", to: &result)
        case .integer(let number): append(String(number), to: &result)
        case .text(let text): try write(text, style, into: &result)
        case .list(let list):
            append("[", to: &result)
            for (index, element) in list.elements.enumerated() {
                try separate(index, style, level, into: &result)
                try write(element, style, level: level + 1, into: &result)
            }
            try close("]", isEmpty: list.elements.isEmpty, style, level, into: &result)
        case .dictionary(let dictionary):
            append("{", to: &result)
            let entries =
                style.sortsKeys
                ? dictionary.entries.sorted { MarkedText.isLess($0.key, $1.key) } : dictionary.entries
            for (index, entry) in entries.enumerated() {
                try separate(index, style, level, into: &result)
                try write(entry.key, style, into: &result)
                result.append(style.colon)
                try write(entry.value, style, level: level + 1, into: &result)
            }
            try close("}", isEmpty: entries.isEmpty, style, level, into: &result)
        case .undefined, .namespace, .loop: throw failure("\(value.kind) has no JSON")
        }
    }

    private func append(_ text: String, to result: inout MarkedText) {
        result.append(MarkedText(text, isTrusted: false))
    }

    private mutating func separate(
        _ index: Int, _ style: JSONStyle, _ level: Int, into result: inout MarkedText
    ) throws(ChatTemplateError) {
        if index > 0 {
            try spend(style.comma.count)
            result.append(style.comma)
        }
        try breakLine(style, level + 1, into: &result)
    }

    private mutating func close(
        _ end: String, isEmpty: Bool, _ style: JSONStyle, _ level: Int, into result: inout MarkedText
    ) throws(ChatTemplateError) {
        if !isEmpty { try breakLine(style, level, into: &result) }
        append(end, to: &result)
    }

    private mutating func breakLine(
        _ style: JSONStyle, _ level: Int, into result: inout MarkedText
    ) throws(ChatTemplateError) {
        guard let indent = style.indent else { return }
        try spend(indent * level)
        append("\n" + String(repeating: " ", count: indent * level), to: &result)
    }

    private mutating func write(
        _ text: MarkedText, _ style: JSONStyle, into result: inout MarkedText
    ) throws(ChatTemplateError) {
        try spend(4 * text.count)
        append("\"", to: &result)
        var start = 0
        var offset = 0
        while offset < text.count {
            let (value, end) = text.scalar(at: offset)
            if let escape = Self.escape(value, isASCII: style.isASCII) {
                result.append(text, start..<offset)
                append(escape, to: &result)
                start = end
            }
            offset = end
        }
        result.append(text, start..<text.count)
        append("\"", to: &result)
    }

    private static func escape(_ scalar: UInt32, isASCII: Bool) -> String? {
        switch scalar {
        case 0x22: "\\\""
        case 0x5c: "\\\\"
        case 0x08: "\\b"
        case 0x0c: "\\f"
        case 0x0a: "\\n"
        case 0x0d: "\\r"
        case 0x09: "\\t"
        case 0x00..<0x20: unit(scalar)
        case 0x20..<0x7f: nil
        case 0x10000...: isASCII ? unit(0xd800 + (scalar - 0x10000) >> 10) + unit(0xdc00 + (scalar & 0x3ff)) : nil
        default: isASCII ? unit(scalar) : nil
        }
    }

    /// `\uXXXX`
    private static func unit(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
