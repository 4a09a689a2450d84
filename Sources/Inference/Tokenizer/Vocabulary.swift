/// The tokens' kinds and bytes, and the way from bytes back to a token.
struct Vocabulary: Sendable {
    /// Token kinds as GGUF numbers them; its 0, undefined, is read as unused.
    enum Kind: Int32 {
        /// Produced by merging.
        case normal = 1
        /// Stands for characters that have no token.
        case unknown
        /// Has no text; found literally where the caller asks for it.
        case control
        /// Text that is cut out before anything else.
        case userDefined
        /// Never produced.
        case unused
        /// `<0x00>` … `<0xFF>`: a single byte of a character that has no token.
        case byte
    }

    /// Most tokens.
    static let largestCount = 1 << 20
    /// Longest text of a token, so that looking one up has a bound.
    static let longestToken = 4096

    private let kinds: [Kind]
    /// The tokens' bytes one after the other, token t from offsets[t] to offsets[t + 1].
    private let bytes: [UInt8]
    private let offsets: [Int]
    /// The longest normal token, in bytes.
    let longestNormal: Int
    /// The normal tokens by hash, open addressing; −1 where there is none.
    private let slots: [TokenID]

    var count: Int { kinds.count }

    /// Reads the tokens.
    ///
    /// - Parameter decode: The bytes that a token's text stands for, nil if it stands for none.
    init(
        _ metadata: TokenizerMetadata, decode: (String, Kind) -> [UInt8]?
    ) throws(TokenizerError) {
        let count = metadata.tokens.count
        guard count == metadata.tokenTypes.count, (1...Self.largestCount).contains(count) else {
            throw .badCounts(tokens: count, types: metadata.tokenTypes.count)
        }
        var (kinds, bytes, offsets): ([Kind], [UInt8], [Int]) = ([], [], [0])
        kinds.reserveCapacity(count)
        bytes.reserveCapacity(count * 8)
        offsets.reserveCapacity(count + 1)
        for (index, text) in metadata.tokens.enumerated() {
            let number = metadata.tokenTypes[index]
            guard let kind = number == 0 ? .unused : Kind(rawValue: number) else { throw .badTokenType(index) }
            guard text.utf8.count <= Self.longestToken, let decoded = decode(text, kind) else { throw .badToken(index) }
            guard kind != .normal || !decoded.isEmpty else { throw .badToken(index) }
            kinds.append(kind)
            bytes += decoded
            offsets.append(bytes.count)
        }
        self.kinds = kinds
        self.bytes = bytes
        self.offsets = offsets
        longestNormal = kinds.indices.reduce(0) { kinds[$1] == .normal ? max($0, offsets[$1 + 1] - offsets[$1]) : $0 }
        slots = try Self.index(kinds, bytes, offsets)
    }

    private static func index(
        _ kinds: [Kind], _ bytes: [UInt8], _ offsets: [Int]
    ) throws(TokenizerError) -> [TokenID] {
        var size = 2
        while size < 2 * kinds.count { size *= 2 }
        var slots = [TokenID](repeating: -1, count: size)
        for index in kinds.indices where kinds[index] == .normal {
            let text = bytes[offsets[index]..<offsets[index + 1]]
            var slot = hash(text) & (size - 1)
            while slots[slot] >= 0 {
                let other = Int(slots[slot])
                guard bytes[offsets[other]..<offsets[other + 1]] != text else { throw .badToken(index) }
                slot = (slot + 1) & (size - 1)
            }
            slots[slot] = TokenID(index)
        }
        return slots
    }

    /// Seeded anew in every process, so that no vocabulary or text can be made to collide; results don't depend on it.
    private static func hash(_ text: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize() & .max
    }

    /// The normal token with exactly these bytes.
    func normalToken(_ text: ArraySlice<UInt8>) -> TokenID? {
        guard text.count <= longestNormal else { return nil }
        var slot = Self.hash(text) & (slots.count - 1)
        while slots[slot] >= 0 {
            let token = slots[slot]
            if self[token] == text { return token }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func kind(_ token: TokenID) -> Kind { kinds[Int(token)] }

    func contains(_ token: TokenID) -> Bool { token >= 0 && Int(token) < kinds.count }

    /// The bytes of a token: for control tokens the text they are written as.
    subscript(token: TokenID) -> ArraySlice<UInt8> { bytes[offsets[Int(token)]..<offsets[Int(token) + 1]] }

    /// The tokens of these kinds, ascending.
    func tokens(_ wanted: Kind...) -> [TokenID] {
        kinds.indices.filter { wanted.contains(kinds[$0]) }.map { TokenID($0) }
    }
}
