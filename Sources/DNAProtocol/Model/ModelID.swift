public import Canonical
public import ContentAddressing

/// Names a model: the content identifier of its package's folder, which is the SHA-256 of the folder's root block.
///
/// It is written as IPFS writes it, `bafybei…` (CIDv1, dag-pb, SHA-256, base32), in JSON, on command lines and in URLs.
public struct ModelID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The root block's SHA-256.
    public let digest: Digest

    /// Names a model by its root block's SHA-256.
    public init(_ digest: Digest) { self.digest = digest }

    /// Reads the one text of an id; nil for anything else, such as an id of version 0 or of a single file.
    public init?(_ text: String) {
        guard let cid = try? CID(text) else { return nil }
        self.init(cid)
    }

    /// The id of a folder; nil for an identifier of something else, or of version 0.
    public init?(_ cid: CID) {
        guard cid.version == .v1, cid.codec == .dagPB, let digest = Digest(bytes: cid.digest) else { return nil }
        self.digest = digest
    }

    /// The content identifier.
    public var cid: CID {
        // Version 1, dag-pb, SHA-256 of 32 bytes: the binary form is complete, so it can be read.
        guard let cid = try? CID(bytes: [0x01, CID.Codec.dagPB.rawValue, 0x12, 0x20] + digest.bytes) else {
            preconditionFailure("a SHA-256 is no content identifier")
        }
        return cid
    }

    /// `bafybei…`.
    public var description: String { cid.description }

    /// Reads a JSON string that holds the text of an id.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ModelID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a valid content identifier of a folder")
        }
        self = id
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }
}
