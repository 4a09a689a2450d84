public import HTTPTransport

/// Where signers answer, as options name them.
public enum SignerOrigins {
    /// Reads `1=http://host:port,2=…`, by identifier, none from an empty text; nil for anything else, or an identifier that
    /// appears twice.
    public static func read(_ text: String) -> [Int: HTTPOrigin]? {
        var origins: [Int: HTTPOrigin] = [:]
        guard !text.isEmpty else { return origins }
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let identifier = Int(parts[0]), let origin = HTTPOrigin(String(parts[1])),
                origins.updateValue(origin, forKey: identifier) == nil
            else { return nil }
        }
        return origins
    }
}
