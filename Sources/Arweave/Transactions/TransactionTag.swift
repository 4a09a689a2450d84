/// A name and a value that a transaction carries and signs.
public struct TransactionTag: Hashable, Sendable {
    /// What the names and values of one transaction may take together, in bytes.
    public static let byteLimit = 2_048

    /// UTF-8 by custom; the network does not ask for it.
    public let name: [UInt8]
    /// UTF-8 by custom.
    public let value: [UInt8]

    /// A tag of any bytes.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// A tag of text.
    public init(_ name: String, _ value: String) {
        self.init(name: [UInt8](name.utf8), value: [UInt8](value.utf8))
    }

    /// Throws ``ArweaveError/tagsTooLarge(bytes:limit:)``.
    static func check(_ tags: [TransactionTag]) throws(ArweaveError) {
        let bytes = tags.reduce(0) { $0 + $1.name.count + $1.value.count }
        guard bytes <= byteLimit else { throw .tagsTooLarge(bytes: bytes, limit: byteLimit) }
    }
}
