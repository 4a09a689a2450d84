import ContentAddressing
import Testing

@Suite struct NodeTests {
    static let leaf = Block([1, 2, 3], codec: .raw)
    static let node = DAGNode(
        links: [DAGLink(leaf.cid, name: "a", totalSize: 3), DAGLink(leaf.cid, name: "", totalSize: 300)],
        data: UnixFSData.directory.encode())

    @Test func aNodeComesBackAsItWas() throws {
        #expect(try DAGNode(decoding: Self.node.encode()) == Self.node)
        let empty = DAGNode(links: [], data: [])
        #expect(try DAGNode(decoding: empty.encode()) == empty)
    }

    @Test func linksComeBeforeDataWithTheirNamesEvenWhenEmpty() {
        let bytes = DAGNode(links: [DAGLink(Self.leaf.cid, totalSize: 3)], data: [8, 2]).encode()
        #expect(bytes == [0x12, 42, 0x0A, 36] + Self.leaf.cid.bytes + [0x12, 0, 0x18, 3, 0x0A, 2, 8, 2])
    }

    @Test func aFileSaysItsSizeAndItsPieces() throws {
        let inner = UnixFSData.inner(blockSizes: [1 << 20, 5])
        #expect(inner.encode() == [8, 2, 0x18, 0x85, 0x80, 0x40, 0x20, 0x80, 0x80, 0x40, 0x20, 5])
        #expect(try UnixFSData(decoding: inner.encode()) == inner)
        #expect(UnixFSData.leaf([]).encode() == [8, 2, 0x18, 0])
        #expect(UnixFSData.leaf([9]).encode() == [8, 2, 0x12, 1, 9, 0x18, 1])
        #expect(UnixFSData.directory.encode() == [8, 1])
    }

    @Test func modeAndTimeArePassedOver() throws {
        let plain = UnixFSData.leaf([9])
        #expect(try UnixFSData(decoding: plain.encode() + [0x38, 0xA4, 3]) == plain)
        #expect(try UnixFSData(decoding: plain.encode() + [0x38, 0xA4, 3, 0x42, 2, 8, 1]) == plain)
    }

    @Test func otherFormsOfTheSameAreRefused() {
        let link: [UInt8] = [0x0A, 36] + Self.leaf.cid.bytes + [0x12, 0, 0x18, 3]
        let data: [UInt8] = [0x0A, 2, 8, 1]
        let whole: [UInt8] = [0x12, UInt8(link.count)] + link
        #expect(throws: Never.self) { try DAGNode(decoding: whole + data) }
        let bad: [[UInt8]] = [
            data + whole, whole, whole + data + data, whole + data + [0],
            [0x12, 0x80 + UInt8(link.count), 0] + link + data,
            // Tsize before Name; no Tsize; no Hash; an unknown field.
            [0x12, UInt8(link.count), 0x0A, 36] + Self.leaf.cid.bytes + [0x18, 3, 0x12, 0] + data,
            [0x12, 40, 0x0A, 36] + Self.leaf.cid.bytes + [0x12, 0] + data,
            [0x12, 4, 0x12, 0, 0x18, 3] + data, whole + data + [0x1A, 0],
            // A length beyond the end; a name that is not UTF-8.
            [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] + link + data,
            [0x12, 43, 0x0A, 36] + Self.leaf.cid.bytes + [0x12, 1, 0xFF, 0x18, 3] + data,
        ]
        for bytes in bad { #expect(throws: DAGError.malformedNode, "\(bytes)") { try DAGNode(decoding: bytes) } }
    }

    @Test func kindsThatAreNoFileAndNoFolderAreRefused() {
        for kind: UInt8 in [3, 4, 5, 6, 127] {
            #expect(throws: DAGError.unsupportedNode) { try UnixFSData(decoding: [8, kind]) }
        }
        for bytes: [UInt8] in [
            [], [8], [2, 8], [8, 2, 8, 2], [8, 2, 0x18], [8, 2, 0x20, 1, 0x18, 1], [8, 2, 0x22, 1, 5],
        ] {
            #expect(throws: DAGError.malformedNode, "\(bytes)") { try UnixFSData(decoding: bytes) }
        }
    }

    @Test func aLinkToSomethingElseIsRefused() {
        var bytes = Self.node.encode()
        // The codec of the first link: dag-cbor.
        bytes[5] = 0x71
        #expect(throws: DAGError.unusableLink(.unsupportedCodec)) { try DAGNode(decoding: bytes) }
    }

    @Test func aBlockIsWhatItsNameSays() throws {
        #expect(throws: DAGError.wrongBytes(Self.leaf.cid)) { try Block([1, 2, 4], named: Self.leaf.cid) }
        #expect(try Block([1, 2, 3], named: Self.leaf.cid) == Self.leaf)
        let large = [UInt8](repeating: 0, count: Block.byteLimit + 1)
        let cid = CID(of: large, codec: .raw)
        #expect(throws: DAGError.blockTooLarge(cid)) { try Block(large, named: cid) }
    }
}
