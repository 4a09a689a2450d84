/// What a node of a file or folder says about itself (UnixFS specification, `Data` message).
public struct UnixFSData: Hashable, Sendable {
    /// What a node is.
    public enum Kind: UInt8, Hashable, Sendable {
        /// A piece of a file, as older writers say it.
        case raw = 0
        /// A folder.
        case directory = 1
        /// A file or a piece of it.
        case file = 2
    }

    /// What the node is.
    public var kind: Kind
    /// A leaf's bytes of the file.
    public var content: [UInt8]
    /// Bytes of the file below this node; nil for a directory.
    public var fileSize: UInt64?
    /// The same of each link.
    public var blockSizes: [UInt64]

    /// An empty folder's, or any other's entries are in its links.
    public static let directory = UnixFSData(kind: .directory, content: [], fileSize: nil, blockSizes: [])

    /// A leaf with its bytes.
    public static func leaf(_ content: [UInt8]) -> UnixFSData {
        UnixFSData(kind: .file, content: content, fileSize: UInt64(content.count), blockSizes: [])
    }

    /// An inner node of a file.
    public static func inner(blockSizes: [UInt64]) -> UnixFSData {
        UnixFSData(kind: .file, content: [], fileSize: blockSizes.reduce(0, +), blockSizes: blockSizes)
    }

    private enum Tag {
        static let kind: UInt8 = 0x08
        static let content: UInt8 = 0x12
        static let fileSize: UInt8 = 0x18
        static let blockSize: UInt8 = 0x20
        static let mode: UInt8 = 0x38
        static let modificationTime: UInt8 = 0x42
    }

    /// The one form; block sizes one by one, not packed.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = [Tag.kind, kind.rawValue]
        if !content.isEmpty {
            bytes.append(Tag.content)
            Varint.append(content.count, to: &bytes)
            bytes += content
        }
        if let fileSize {
            bytes.append(Tag.fileSize)
            Varint.append(fileSize, to: &bytes)
        }
        for size in blockSizes {
            bytes.append(Tag.blockSize)
            Varint.append(size, to: &bytes)
        }
        return bytes
    }

    private init(kind: Kind, content: [UInt8], fileSize: UInt64?, blockSizes: [UInt64]) {
        self.kind = kind
        self.content = content
        self.fileSize = fileSize
        self.blockSizes = blockSizes
    }

    /// Reads the message: fields in their order. Mode and modification time are passed over.
    public init(decoding bytes: [UInt8]) throws(DAGError) {
        do {
            try self.init(fields: bytes)
        } catch let error as DAGError {
            throw error
        } catch {
            throw .malformedNode
        }
    }

    private init(fields bytes: [UInt8]) throws {
        var cursor = ByteCursor(bytes)
        func takes(_ tag: UInt8) throws -> Bool {
            guard cursor.rest.first == tag else { return false }
            _ = try cursor.byte()
            return true
        }
        guard try takes(Tag.kind) else { throw DAGError.malformedNode }
        guard let kind = UInt8(exactly: try cursor.varint()).flatMap(Kind.init(rawValue:)) else {
            // Symbolic links, metadata, directories in shards.
            throw DAGError.unsupportedNode
        }
        self.kind = kind
        content = try takes(Tag.content) ? Array(cursor.lengthPrefixed().rest) : []
        fileSize = try takes(Tag.fileSize) ? cursor.varint() : nil
        blockSizes = []
        while try takes(Tag.blockSize) { blockSizes.append(try cursor.varint()) }
        if try takes(Tag.mode) { _ = try cursor.varint() }
        if try takes(Tag.modificationTime) { _ = try cursor.lengthPrefixed() }
        guard cursor.isAtEnd else { throw DAGError.malformedNode }
    }
}
