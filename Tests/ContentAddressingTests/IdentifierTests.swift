import ContentAddressing
import Testing

@Suite struct IdentifierTests {
    static let hello = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

    @Test func textAndBytesComeBackAsTheyWere() throws {
        let texts = [
            Self.hello, "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",
            "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        ]
        for text in texts {
            let cid = try CID(text)
            #expect(cid.description == text)
            #expect(try CID(bytes: cid.bytes) == cid)
        }
    }

    @Test func namesTheBytesItWasMadeOf() {
        let cid = CID(of: Array("hello world".utf8), codec: .raw)
        #expect(cid.description == Self.hello)
        #expect(cid.bytes.prefix(4) == [1, 0x55, 0x12, 0x20])
        #expect(Array("hello world".utf8).withUnsafeBytes { cid.names($0) })
        #expect(!Array("hello worle".utf8).withUnsafeBytes { cid.names($0) })
    }

    @Test func aVersion0NameIsTheSameBlockInVersion1() throws {
        let old = try CID("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
        #expect(old.asVersion1 != old)
        #expect(old.asVersion1.digest == old.digest)
        #expect(old.asVersion1.description.hasPrefix("bafybei"))
    }

    @Test(arguments: [
        ("", CIDError.unsupportedBase), ("b", .malformed), ("zQm", .unsupportedBase),
        ("BAFKREIFZJUT3TE2NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E", .unsupportedBase),
        (hello.dropLast() + "", .malformed), (hello + "a", .malformed), (hello + "=", .malformed),
        // The last letter carries bits that no byte has.
        (hello.dropLast() + "f", .malformed),
        ("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1Aw0H", .malformed),
        (String(repeating: "b", count: 129), .malformed),
        // dag-cbor; version 2; SHA-512; a multibase prefix before version 0.
        ("bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua", .unsupportedCodec),
        ("bajkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", .unsupportedVersion),
    ])
    func refusesOtherTexts(text: String, error: CIDError) {
        #expect(throws: error) { try CID(text) }
    }

    @Test func refusesOtherHashesAndLongForms() {
        let digest = [UInt8](repeating: 7, count: 32)
        #expect(throws: CIDError.unsupportedHash) { try CID(bytes: [1, 0x55, 0x13, 0x40] + digest + digest) }
        #expect(throws: CIDError.unsupportedHash) { try CID(bytes: [1, 0x55, 0x12, 0x1F] + digest.dropLast()) }
        #expect(throws: CIDError.unsupportedHash) { try CID(bytes: [1, 0x55, 0, 0]) }
        #expect(throws: CIDError.malformed) { try CID(bytes: [0x81, 0, 0x55, 0x12, 0x20] + digest) }
        #expect(throws: CIDError.malformed) { try CID(bytes: [1, 0x55, 0x12, 0x20] + digest + [0]) }
        #expect(throws: CIDError.malformed) { try CID(bytes: [UInt8](repeating: 0xFF, count: 40)) }
        #expect(throws: CIDError.malformed) { try CID(bytes: []) }
    }
}
