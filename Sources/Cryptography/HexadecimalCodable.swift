/// A public value of fixed size that is written as lower-case hexadecimal in JSON and in descriptions.
public protocol HexadecimalCodable: Codable, Hashable, Sendable, LosslessStringConvertible {
    /// What it is called in an error, such as `Ed25519 public key`.
    static var typeName: String { get }
    /// The canonical bytes.
    var bytes: [UInt8] { get }
    /// `nil` unless the bytes are a valid canonical encoding.
    init?(bytes: [UInt8])
}

extension HexadecimalCodable {
    /// Lower-case hexadecimal of ``bytes``.
    public var hex: String { Hexadecimal.encode(bytes) }

    /// Lower-case hexadecimal.
    public var description: String { hex }

    /// `nil` unless the text is lower-case hexadecimal of a valid encoding.
    public init?(hex: String) {
        guard let bytes = Hexadecimal.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Same as ``init(hex:)``.
    public init?(_ description: String) {
        self.init(hex: description)
    }

    /// Reads a hexadecimal string; anything else is a `DecodingError` that names the type.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(hex: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid \(Self.typeName)")
        }
        self = value
    }

    /// Writes a hexadecimal string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
