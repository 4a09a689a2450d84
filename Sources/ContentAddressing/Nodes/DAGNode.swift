/// A link of a node.
public struct DAGLink: Hashable, Sendable {
    /// What it points at.
    public let cid: CID
    /// A directory entry's name; empty in a file.
    public let name: String
    /// Bytes of all blocks below it, that block included.
    public let totalSize: UInt64

    /// A link.
    public init(_ cid: CID, name: String = "", totalSize: UInt64) {
        self.cid = cid
        self.name = name
        self.totalSize = totalSize
    }
}

/// A dag-pb node: links, then data (IPLD's dag-pb specification).
public struct DAGNode: Hashable, Sendable {
    /// In their order.
    public var links: [DAGLink]
    /// A UnixFS message.
    public var data: [UInt8]

    /// A node.
    public init(links: [DAGLink], data: [UInt8]) {
        self.links = links
        self.data = data
    }

    private enum Tag {
        static let data: UInt8 = 0x0A
        static let link: UInt8 = 0x12
        static let hash: UInt8 = 0x0A
        static let name: UInt8 = 0x12
        static let totalSize: UInt8 = 0x18
    }

    /// The one form: links before data, each with its name even when that is empty.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(links.count * 56 + data.count + 16)
        var part: [UInt8] = []
        for link in links {
            part.removeAll(keepingCapacity: true)
            Self.append(Tag.hash, link.cid.bytes, to: &part)
            Self.append(Tag.name, Array(link.name.utf8), to: &part)
            part.append(Tag.totalSize)
            Varint.append(link.totalSize, to: &part)
            Self.append(Tag.link, part, to: &bytes)
        }
        Self.append(Tag.data, data, to: &bytes)
        return bytes
    }

    private static func append(_ tag: UInt8, _ value: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(tag)
        Varint.append(value.count, to: &bytes)
        bytes += value
    }

    /// Reads a node: fields in their order, none twice, none unknown, numbers in their shortest form.
    public init(decoding bytes: [UInt8]) throws(DAGError) {
        do {
            var cursor = ByteCursor(bytes)
            links = []
            while cursor.rest.first == Tag.link {
                _ = try cursor.byte()
                var part = try cursor.lengthPrefixed()
                links.append(try Self.link(&part))
            }
            guard try cursor.byte() == Tag.data else { throw DAGError.malformedNode }
            data = Array(try cursor.lengthPrefixed().rest)
            guard cursor.isAtEnd else { throw DAGError.malformedNode }
        } catch let error as DAGError {
            throw error
        } catch {
            throw .malformedNode
        }
    }

    private static func link(_ cursor: inout ByteCursor) throws -> DAGLink {
        guard try cursor.byte() == Tag.hash else { throw DAGError.malformedNode }
        var hash = try cursor.lengthPrefixed()
        let cid: CID
        do {
            cid = try CID(reading: &hash)
        } catch {
            throw DAGError.unusableLink(error)
        }
        guard hash.isAtEnd else { throw DAGError.malformedNode }
        var name = ""
        if cursor.rest.first == Tag.name {
            _ = try cursor.byte()
            guard let text = String(validating: try cursor.lengthPrefixed().rest, as: UTF8.self) else {
                throw DAGError.malformedNode
            }
            name = text
        }
        guard try cursor.byte() == Tag.totalSize else { throw DAGError.malformedNode }
        let totalSize = try cursor.varint()
        guard cursor.isAtEnd else { throw DAGError.malformedNode }
        return DAGLink(cid, name: name, totalSize: totalSize)
    }
}
