/// Reads a CARv1 as its bytes come; holds one section at most. Every block is compared with its identifier.
///
/// An archive may end after any section: only a walk over the DAG tells whether it is complete. Its roots are what
/// somebody wrote there.
public struct CARReader: Sendable {
    /// The most bytes of a header.
    public static let headerLimit = 4096
    /// The most bytes of a section: a block and its identifier.
    public static let sectionLimit = Block.byteLimit + 64

    private var held: [UInt8] = []
    private var position = 0
    /// The roots of the header; nil before it has come.
    public private(set) var roots: [CID]?

    /// Bytes held for the section that is not complete.
    package var heldBytes: Int { held.count - position }

    /// A reader that has seen nothing.
    public init() {}

    /// Takes more bytes. Take what ``next()`` gives before more: nothing else bounds what is held.
    public mutating func receive(_ bytes: some Sequence<UInt8>) {
        if position > 0 {
            held.removeFirst(position)
            position = 0
        }
        held += bytes
    }

    /// The next block; nil until more bytes come.
    public mutating func next() throws(CARError) -> Block? {
        if roots == nil {
            guard let header = try part(limit: Self.headerLimit, tooLarge: .badHeader) else { return nil }
            roots = try Self.roots(of: header)
        }
        guard let section = try part(limit: Self.sectionLimit, tooLarge: .sectionTooLarge) else { return nil }
        var cursor = ByteCursor(section)
        let cid: CID
        do {
            cid = try CID(reading: &cursor)
        } catch {
            throw .unusableIdentifier(error)
        }
        do {
            return try Block(Array(cursor.rest), named: cid)
        } catch {
            throw .refused(error)
        }
    }

    /// To be called at the end of the bytes, when ``next()`` has nothing more.
    public func finish() throws(CARError) {
        guard roots != nil, position == held.count else { throw .truncated }
    }

    /// Bytes behind their length; nil until all of them have come.
    private mutating func part(limit: Int, tooLarge: CARError) throws(CARError) -> [UInt8]? {
        var length = 0
        var place = position
        while true {
            guard place < held.count else { return nil }
            let byte = held[place]
            let index = place - position
            // Three bytes count to 2 MiB, four beyond every limit.
            guard index < 4, byte != 0 || index == 0 else { throw roots == nil ? .badHeader : .malformedSection }
            length |= Int(byte & 0x7F) << (7 * index)
            place += 1
            if byte < 0x80 { break }
        }
        guard length <= limit else { throw tooLarge }
        guard length > 0 else { throw roots == nil ? .badHeader : .malformedSection }
        guard held.count - place >= length else { return nil }
        position = place + length
        return Array(held[place..<position])
    }

    /// Reads the one form of header that is written: both keys in their order, definite lengths.
    private static func roots(of header: [UInt8]) throws(CARError) -> [CID] {
        do {
            var cursor = ByteCursor(header)
            try expect([0xA2, 0x65] + Array("roots".utf8), &cursor)
            let count = try length(major: 4, &cursor)
            // Each takes more than a byte, so the header's own length bounds them.
            guard count <= cursor.remaining else { throw CARError.badHeader }
            var roots: [CID] = []
            for _ in 0..<count {
                try expect([0xD8, 0x2A], &cursor)
                var link = try cursor.part(UInt64(try length(major: 2, &cursor)))
                try expect([0], &link)
                roots.append(try CID(reading: &link))
                guard link.isAtEnd else { throw CARError.badHeader }
            }
            try expect([0x67] + Array("version".utf8) + [0x01], &cursor)
            guard cursor.isAtEnd else { throw CARError.badHeader }
            return roots
        } catch let error as CIDError {
            throw .unusableIdentifier(error)
        } catch {
            throw .badHeader
        }
    }

    private static func expect(_ bytes: [UInt8], _ cursor: inout ByteCursor) throws {
        for byte in bytes {
            guard try cursor.byte() == byte else { throw CARError.badHeader }
        }
    }

    private static func length(major: UInt8, _ cursor: inout ByteCursor) throws -> Int {
        let head = try cursor.byte()
        guard head >> 5 == major else { throw CARError.badHeader }
        switch head & 31 {
        case let small where small < 24: return Int(small)
        case 24: return Int(try cursor.byte())
        case 25: return Int(try cursor.byte()) << 8 | Int(try cursor.byte())
        default: throw CARError.badHeader
        }
    }
}
