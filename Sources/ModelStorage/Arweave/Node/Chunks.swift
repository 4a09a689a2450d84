public import Arweave
import Canonical

/// A chunk on its way to a node.
public struct ChunkUpload: Hashable, Sendable {
    /// The data it belongs to.
    public let root: DataRoot
    /// The bytes of the whole data.
    public let size: Int
    /// The proof.
    public let path: [UInt8]
    /// Where the chunk lies in the data.
    public let range: Range<Int>
    /// The chunk.
    public let bytes: [UInt8]

    /// A chunk of a tree.
    public init(_ index: Int, of tree: DataTree, bytes: [UInt8]) {
        root = tree.root
        size = tree.plan.size
        path = tree.path(index)
        range = tree.plan.range(index)
        self.bytes = bytes
    }

    /// What a node is posted. `offset` is the chunk's last byte, as the reference's client says it.
    func json() -> [UInt8] {
        // Digits and base64url need no escapes, and this is most of what a package's bytes go through.
        let head = #"{"data_root":"\#(root)","data_size":"\#(size)","data_path":"\#(Base64URL.encode(path))","#
        let offset = #""offset":"\#(range.upperBound - 1)","chunk":""#
        var json: [UInt8] = []
        json.reserveCapacity(head.utf8.count + offset.utf8.count + Base64URL.encodedCount(bytes.count) + 2)
        json += head.utf8
        json += offset.utf8
        json += Base64URL.encode(bytes).utf8
        json += #""}"#.utf8
        return json
    }
}

/// A chunk as a node has it; nothing of it is proven.
public struct StoredChunk: Hashable, Sendable {
    /// Its bytes.
    public let bytes: [UInt8]
    /// The proof that comes with it.
    public let path: [UInt8]
}

/// Where a transaction's data lies in the weave.
public struct DataPlace: Hashable, Sendable {
    /// The data's first byte; the weave's first byte is 1.
    public let start: Int
    /// The data's bytes.
    public let size: Int

    /// From decimal texts; `end` is the last byte. Nil for numbers that no place has.
    init?(end: String, size: String) {
        guard let end = Int(end), let size = Int(size), size > 0, size <= ChunkPlan.largestSize, end >= size else {
            return nil
        }
        start = end - size + 1
        self.size = size
    }
}
