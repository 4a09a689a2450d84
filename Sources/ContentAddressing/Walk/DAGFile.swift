/// A leaf and where its bytes belong in the file.
public struct DAGLeaf: Hashable, Sendable {
    /// Its block.
    public let cid: CID
    /// Its first byte in the file.
    public let offset: UInt64
    /// Its bytes of the file.
    public let size: Int

    /// The leaf's bytes of the file, out of a block that `cid` names.
    public func content(of block: Block) throws(DAGError) -> ArraySlice<UInt8> {
        guard block.cid.asVersion1 == cid.asVersion1 else { throw .unexpectedBlock(block.cid) }
        let content: ArraySlice<UInt8>
        if cid.codec == .raw {
            content = block.bytes[...]
        } else {
            let node = try DAGNode(decoding: block.bytes)
            let data = try UnixFSData(decoding: node.data)
            guard node.links.isEmpty, data.kind != .directory, data.blockSizes.isEmpty else {
                throw .malformedFile(cid)
            }
            content = data.content[...]
        }
        guard content.count == size else { throw .sizesDisagree(cid) }
        return content
    }
}

/// A file of a DAG, known from its inner nodes.
public struct DAGFile: Hashable, Sendable {
    /// Its place in the package, with `/`; empty when it is the whole of it.
    public let path: String
    /// Bytes.
    public let size: UInt64
    /// Its leaves in their order.
    public internal(set) var leaves: [DAGLeaf]
}
