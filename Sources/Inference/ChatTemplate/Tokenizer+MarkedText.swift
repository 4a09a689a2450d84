extension Tokenizer {
    /// The token ids of a text of which only the trusted parts are searched for the texts of control and user-defined
    /// tokens. What lies between these is tokenized as one, whatever the origins of its parts.
    public func encode(_ text: MarkedText) -> [TokenID] {
        var tokens: [TokenID] = []
        var plain: [UInt8] = []
        func flush() {
            if !plain.isEmpty { tokens += encode(String(decoding: plain, as: UTF8.self), parseSpecial: false) }
            plain = []
        }
        var end = 0
        for range in text.trusted {
            plain += text.utf8[end..<range.lowerBound]
            specialTokens.split(Array(text.utf8[range])) {
                plain += $0
            } special: {
                flush()
                tokens.append($0)
            }
            end = range.upperBound
        }
        plain += text.utf8[end...]
        flush()
        return tokens
    }
}
