/// Bytes and the identifier they have been checked against, or that was made of them.
public struct Block: Hashable, Sendable {
    /// The most bytes a block may have: what nodes exchange.
    public static let byteLimit = 2 << 20

    /// The name of the bytes.
    public let cid: CID
    /// The bytes.
    public let bytes: [UInt8]

    /// Names bytes.
    public init(_ bytes: [UInt8], codec: CID.Codec, version: CID.Version = .v1) {
        cid = CID(of: bytes, codec: codec, version: version)
        self.bytes = bytes
    }

    /// Bytes that somebody said `cid` names.
    public init(_ bytes: [UInt8], named cid: CID) throws(DAGError) {
        guard bytes.count <= Self.byteLimit else { throw .blockTooLarge(cid) }
        guard bytes.withUnsafeBytes({ cid.names($0) }) else { throw .wrongBytes(cid) }
        self.cid = cid
        self.bytes = bytes
    }
}
