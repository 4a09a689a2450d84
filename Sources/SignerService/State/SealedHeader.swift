import Canonical
import DNAProtocol

/// What stands in the clear before a sealed secret, bound to it: RFC 8785 JSON.
enum SealedHeader {
    static func encode(_ header: some Encodable) throws -> [UInt8] { try CanonicalJSON.encode(header) }

    static func decode<Header: Decodable>(_ type: Header.Type, _ bytes: [UInt8]) throws -> Header {
        try CanonicalJSON.decode(type, from: bytes, unknownKeys: .refused)
    }
}

/// Before the ceremony seed.
struct SeedHeader: Codable, Hashable {
    var kind = "ceremony-seed"
    var version = 1
    var network: NetworkID
    var identifier: Int
}

/// Before a key share.
struct ShareHeader: Codable, Hashable {
    static let suite = "FROST-ED25519-SHA512-v1"

    var kind = "key-share"
    var version = 1
    var suite = Self.suite
    /// Whose share it is.
    var identifier: Int
    /// Counts the generations of shares under one group key, from 1.
    var epoch = 1
    /// Network, t, group key and everybody's verifying share.
    var outcome: KeyGenerationOutcome

    init(_ pending: PendingShare) {
        identifier = Int(pending.share.participant.number)
        outcome = pending.outcome
    }
}
