extension ModelRegistration.Body {
    /// The most places that are named.
    public static let maximumSources = 8
    /// The most bytes of one.
    public static let maximumSourceBytes = 2_048

    /// Where the package can be had, the preferred place first.
    public var addresses: [String] { sources ?? ["ipfs://\(model)"] }

    /// Checks the form. What a place gives is compared with the model's id by whoever fetches it.
    func validateSources() throws(InvalidField) {
        guard let sources else { return }
        try require(
            (1...Self.maximumSources).contains(sources.count), "sources", "must hold 1 to \(Self.maximumSources)")
        for (index, source) in sources.enumerated() {
            let field = "sources[\(index)]"
            try require(
                source.utf8.count <= Self.maximumSourceBytes && source.utf8.allSatisfy { (0x21...0x7E).contains($0) },
                field, "must be at most \(Self.maximumSourceBytes) bytes of printable ASCII without spaces")
            try require(
                isAddress(source), field,
                "must be ipfs://ID, ar://TRANSACTION, or https://HOST/PATH#ID, with this model's id")
        }
        try require(Set(sources).count == sources.count, "sources", "must be distinct")
    }

    private func isAddress(_ text: String) -> Bool {
        guard let separator = text.firstRange(of: "://") else { return false }
        let rest = text[separator.upperBound...]
        switch text[..<separator.lowerBound] {
        case "ipfs": return ModelID(String(rest)) == model
        case "ar": return rest.utf8.count == 43 && rest.utf8.allSatisfy(Self.isBase64URL)
        case "https", "http":
            guard let hash = rest.lastIndex(of: "#"), hash > rest.startIndex else { return false }
            return ModelID(String(rest[rest.index(after: hash)...])) == model
        default: return false
        }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
