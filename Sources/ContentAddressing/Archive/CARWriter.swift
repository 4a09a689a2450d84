/// CARv1: a header with roots, then blocks, one after the other (IPLD's CARv1 specification).
public enum CARWriter {
    /// The header, which comes first.
    public static func header(roots: [CID]) -> [UInt8] {
        // dag-cbor: {"roots": [tag 42 (0x00 ‖ cid)], "version": 1}
        var body: [UInt8] = [0xA2, 0x65] + Array("roots".utf8)
        append(major: 4, roots.count, to: &body)
        for root in roots {
            body += [0xD8, 0x2A]
            append(major: 2, root.bytes.count + 1, to: &body)
            body.append(0)
            body += root.bytes
        }
        body += [0x67] + Array("version".utf8) + [0x01]
        return lengthPrefixed(body.count) + body
    }

    /// What comes before a block's bytes.
    public static func prefix(of cid: CID, byteCount: Int) -> [UInt8] {
        let name = cid.bytes
        return lengthPrefixed(name.count + byteCount) + name
    }

    /// A block's section.
    public static func section(_ block: Block) -> [UInt8] {
        prefix(of: block.cid, byteCount: block.bytes.count) + block.bytes
    }

    private static func lengthPrefixed(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(count, to: &bytes)
        return bytes
    }

    /// A CBOR head (RFC 8949, section 3) for up to 65,535.
    private static func append(major: UInt8, _ count: Int, to bytes: inout [UInt8]) {
        precondition(count <= UInt16.max, "too many roots")
        switch count {
        case ..<24: bytes.append(major << 5 | UInt8(count))
        case ..<256: bytes += [major << 5 | 24, UInt8(count)]
        default: bytes += [major << 5 | 25, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }
}
