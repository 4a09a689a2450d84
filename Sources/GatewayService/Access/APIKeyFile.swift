package import Canonical
import Foundation

/// The file of API keys: `{"keys": [{"name", "sha256", …}]}`. It holds digests only: who reads it cannot use it.
package struct APIKeyFile: Decodable, Hashable, Sendable {
    /// One key's entry. Limits left out are the defaults of ``ClientLimits``.
    package struct Entry: Decodable, Hashable, Sendable {
        /// Whose key it is, for logs; unique in the file.
        package let name: String
        /// SHA-256 of the key's text.
        package let sha256: Digest
        let requestsPerMinute: Int?
        let openRequests: Int?
        let maximumTokens: Int?
        let maximumCommittee: Int?

        enum CodingKeys: String, CodingKey {
            case name, sha256
            case requestsPerMinute = "requests_per_minute"
            case openRequests = "open_requests"
            case maximumTokens = "maximum_tokens"
            case maximumCommittee = "maximum_committee"
        }

        var limits: ClientLimits {
            var limits = ClientLimits(maximumTokens: maximumTokens, maximumCommittee: maximumCommittee)
            limits.requestsPerMinute = requestsPerMinute ?? limits.requestsPerMinute
            limits.openRequests = openRequests ?? limits.openRequests
            return limits
        }
    }

    /// The entries.
    package let keys: [Entry]

    /// Reads and checks a file. Throws what is wrong, for the operator.
    package static func read(_ path: String) throws -> APIKeyFile {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let file = try CanonicalJSON.decode(APIKeyFile.self, from: bytes)
        guard Set(file.keys.map(\.name)).count == file.keys.count else { throw APIKeyError.repeatedName }
        guard Set(file.keys.map(\.sha256)).count == file.keys.count else { throw APIKeyError.repeatedKey }
        for entry in file.keys {
            let limits = entry.limits
            let isSane =
                limits.requestsPerMinute > 0 && limits.openRequests > 0 && limits.maximumTokens ?? 1 > 0
                && limits.maximumCommittee ?? 1 > 0
            guard isSane else { throw APIKeyError.limitBelowOne(name: entry.name) }
        }
        return file
    }
}

/// What is wrong with a file of API keys that is JSON of the right shape.
package enum APIKeyError: Error, Hashable, CustomStringConvertible {
    /// Two entries have one name.
    case repeatedName
    /// Two entries have one key.
    case repeatedKey
    /// A limit would let nothing through.
    case limitBelowOne(name: String)

    /// For the operator.
    package var description: String {
        switch self {
        case .repeatedName: "two keys have one name"
        case .repeatedKey: "two entries have one key"
        case .limitBelowOne(let name): "\(name): a limit is below 1"
        }
    }
}
