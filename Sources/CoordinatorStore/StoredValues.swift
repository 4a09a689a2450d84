import Canonical
import Cryptography
import DNAProtocol
import Postgres

// How the protocol's values are kept: digests and keys as bytes, documents as RFC 8785 text in columns of type `json`,
// which keeps text as it is, so that equal documents are equal texts.

extension PostgresParameter {
    static func digest(_ value: Digest) -> Self { .bytes(value.bytes) }

    static func digest<Subject>(_ value: DigestOf<Subject>) -> Self { .bytes(value.digest.bytes) }

    static func digest(_ value: ModelID) -> Self { .bytes(value.digest.bytes) }

    static func key(_ value: Ed25519.PublicKey) -> Self { .bytes(value.bytes) }

    static func document(_ value: some Encodable) throws -> Self {
        .json(String(decoding: try CanonicalJSON.encode(value), as: UTF8.self))
    }

    static func timestamp(_ value: Timestamp) -> Self {
        .timestamp(PostgresTimestamp(microsecondsSinceEpoch: value.seconds * 1_000_000))
    }
}

extension PostgresRow {
    func digest(_ column: String) throws -> Digest {
        guard let digest = Digest(bytes: try value(column)) else {
            throw PostgresError.decoding(column: column, .malformed)
        }
        return digest
    }

    func digestIfAny(_ column: String) throws -> Digest? {
        try optional(column, as: [UInt8].self).flatMap { Digest(bytes: $0) }
    }

    func key(_ column: String) throws -> Ed25519.PublicKey {
        guard let key = Ed25519.PublicKey(bytes: try value(column)) else {
            throw PostgresError.decoding(column: column, .malformed)
        }
        return key
    }

    func keyIfAny(_ column: String) throws -> Ed25519.PublicKey? {
        try optional(column, as: [UInt8].self).flatMap { Ed25519.PublicKey(bytes: $0) }
    }

    /// Whole seconds, rounded down.
    func timestamp(_ column: String) throws -> Timestamp {
        Timestamp(seconds: try value(column, as: PostgresTimestamp.self).microsecondsSinceEpoch / 1_000_000)
    }

    func timestampIfAny(_ column: String) throws -> Timestamp? {
        try optional(column, as: PostgresTimestamp.self)
            .map { Timestamp(seconds: $0.microsecondsSinceEpoch / 1_000_000) }
    }

    func document<Value: Decodable>(
        _ column: String, of table: String, as type: Value.Type = Value.self
    ) throws -> Value {
        try StoredDocument.decode(try value(column), of: table)
    }

    func documentIfAny<Value: Decodable>(
        _ column: String, of table: String, as type: Value.Type = Value.self
    ) throws -> Value? {
        try optional(column, as: String.self).map { try StoredDocument.decode($0, of: table) }
    }
}

enum StoredDocument {
    static func decode<Value: Decodable>(_ text: String, of table: String) throws(StoreError) -> Value {
        do {
            return try CanonicalJSON.decode(Value.self, from: Array(text.utf8))
        } catch {
            throw .documentInvalid(table: table)
        }
    }
}
