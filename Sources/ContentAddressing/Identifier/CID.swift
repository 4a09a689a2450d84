import Cryptography

/// A content identifier (multiformats CID, version 0 or 1) of a block hashed with SHA-256: the id of a file, a folder or a
/// model package.
public struct CID: Hashable, Sendable {
    /// How an identifier is written.
    public enum Version: UInt8, Hashable, Sendable {
        /// A bare hash of a dag-pb node, written in base58: `Qm…`.
        case v0
        /// Version, codec and hash, written in base32: `bafy…`, `bafk…`.
        case v1
    }

    /// What the block is.
    public enum Codec: UInt8, Hashable, Sendable {
        /// Bytes of a file.
        case raw = 0x55
        /// A node with links: an inner node of a file, or a directory.
        case dagPB = 0x70
    }

    /// Multihash code and length of SHA-256.
    private static let multihash: [UInt8] = [0x12, 0x20]
    /// The most letters of a text that is looked at.
    static let textLimit = 128

    /// How it is written.
    public let version: Version
    /// What the block is.
    public let codec: Codec
    private let octets: Octets32

    private init(_ version: Version, _ codec: Codec, _ octets: Octets32) {
        self.version = version
        self.codec = codec
        self.octets = octets
    }

    /// The identifier of a block.
    public init(of block: UnsafeRawBufferPointer, codec: Codec, version: Version = .v1) {
        precondition(version == .v1 || codec == .dagPB, "a version 0 identifier names dag-pb only")
        guard let octets = Octets32(SHA256.hash(block)) else { preconditionFailure("SHA-256 has 32 bytes") }
        self.init(version, codec, octets)
    }

    /// The identifier of a block.
    public init(of block: [UInt8], codec: Codec, version: Version = .v1) {
        self = block.withUnsafeBytes { CID(of: $0, codec: codec, version: version) }
    }

    /// Reads the binary form, which must be all of `bytes`.
    public init(bytes: [UInt8]) throws(CIDError) {
        var cursor = ByteCursor(bytes)
        self = try CID(reading: &cursor)
        guard cursor.isAtEnd else { throw .malformed }
    }

    /// Reads the binary form at the beginning of what is left.
    init(reading cursor: inout ByteCursor) throws(CIDError) {
        do {
            guard let first = cursor.rest.first else { throw CIDError.malformed }
            // A multihash of SHA-256 begins with 0x12; that is no version.
            if first == Self.multihash[0] {
                self.init(.v0, .dagPB, try Self.digest(&cursor))
                return
            }
            guard try cursor.varint() == 1 else { throw CIDError.unsupportedVersion }
            guard let codec = UInt8(exactly: try cursor.varint()).flatMap(Codec.init(rawValue:)) else {
                throw CIDError.unsupportedCodec
            }
            self.init(.v1, codec, try Self.digest(&cursor))
        } catch let error as CIDError {
            throw error
        } catch {
            throw .malformed
        }
    }

    private static func digest(_ cursor: inout ByteCursor) throws -> Octets32 {
        guard try cursor.varint() == UInt64(multihash[0]), try cursor.varint() == UInt64(multihash[1]) else {
            throw CIDError.unsupportedHash
        }
        guard let octets = Octets32(try cursor.part(UInt64(multihash[1])).rest) else { throw CIDError.malformed }
        return octets
    }

    /// Reads the text form.
    public init(_ text: String) throws(CIDError) {
        let letters = Array(text.utf8.prefix(Self.textLimit + 1))
        guard letters.count <= Self.textLimit else { throw .malformed }
        if letters.count == 46, letters.starts(with: "Qm".utf8) {
            guard let bytes = Base58.decode(letters), bytes.first == Self.multihash[0] else { throw .malformed }
            try self.init(bytes: bytes)
        } else {
            guard letters.first == UInt8(ascii: "b") else { throw .unsupportedBase }
            guard let bytes = Base32.decode(letters.dropFirst()), bytes.first != Self.multihash[0] else {
                throw .malformed
            }
            try self.init(bytes: bytes)
        }
    }

    /// The binary form.
    public var bytes: [UInt8] {
        let head = version == .v0 ? [] : [1, codec.rawValue]
        return head + Self.multihash + octets.bytes
    }

    /// The block's SHA-256.
    public var digest: [UInt8] { octets.bytes }

    /// Whether it names these bytes.
    public func names(_ block: UnsafeRawBufferPointer) -> Bool {
        SHA256.hash(block) == octets.bytes
    }

    /// The same block, written as version 1: what a gateway is asked for.
    public var asVersion1: CID { CID(.v1, codec, octets) }
}

extension CID: CustomStringConvertible {
    /// The text form: `bafy…` or `Qm…`.
    public var description: String {
        version == .v0 ? Base58.encode(bytes) : "b" + Base32.encode(bytes)
    }
}

/// Why something is not a content identifier that can be used here.
public enum CIDError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not the form of one.
    case malformed
    /// A text in another base than base32 and base58.
    case unsupportedBase
    /// A version other than 0 and 1.
    case unsupportedVersion
    /// Something else than files and folders.
    case unsupportedCodec
    /// A hash other than SHA-256.
    case unsupportedHash

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .malformed: "not a content identifier"
        case .unsupportedBase: "not a content identifier in base32 (b…) or base58 (Qm…)"
        case .unsupportedVersion: "a content identifier of an unknown version"
        case .unsupportedCodec: "a content identifier of something else than a file or a folder"
        case .unsupportedHash: "a content identifier with another hash than SHA-256"
        }
    }
}
