import Canonical
import Cryptography

/// A value of 32 bytes that Arweave writes as 43 characters of base64url.
public protocol ArweaveIdentifier: Codable, Hashable, Sendable, LosslessStringConvertible {
    /// What it is called in an error.
    static var typeName: String { get }
    /// The 32 bytes.
    var bytes: [UInt8] { get }
    /// `nil` unless there are 32 bytes.
    init?(bytes: [UInt8])
}

extension ArweaveIdentifier {
    /// 43 characters of base64url.
    public var description: String { Base64URL.encode(bytes) }

    /// `nil` unless the text is base64url of 32 bytes.
    public init?(_ description: String) {
        guard let bytes = Base64URL.decode(description) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads a string; anything else is a `DecodingError` that names the type.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid \(Self.typeName)")
        }
        self = value
    }

    /// Writes a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A transaction's id: SHA-256 of its signature.
public struct TransactionID: ArweaveIdentifier {
    /// `transaction id`.
    public static let typeName = "transaction id"
    private let octets: Octets32

    /// `nil` unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard let octets = Octets32(bytes) else { return nil }
        self.octets = octets
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { octets.bytes }
}

/// A wallet's address: SHA-256 of its key's modulus.
public struct WalletAddress: ArweaveIdentifier {
    /// `wallet address`.
    public static let typeName = "wallet address"
    private let octets: Octets32

    /// `nil` unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard let octets = Octets32(bytes) else { return nil }
        self.octets = octets
    }

    /// The address of an owner, which is a modulus.
    public init(owner: [UInt8]) {
        octets = Octets32(SHA256.hash(owner))!  // SHA-256 gives 32 bytes
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { octets.bytes }
}

/// The id of the root of a transaction's tree of chunks: what its data is.
public struct DataRoot: ArweaveIdentifier {
    /// `data root`.
    public static let typeName = "data root"
    let octets: Octets32

    /// `nil` unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard let octets = Octets32(bytes) else { return nil }
        self.octets = octets
    }

    init(_ octets: Octets32) { self.octets = octets }

    /// The 32 bytes.
    public var bytes: [UInt8] { octets.bytes }
}
