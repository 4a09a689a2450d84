import Canonical
import ContentAddressing
import DNAProtocol
import Testing

@Suite struct ModelIDTests {
    private let id = ModelID(Digest.of("model", []))

    @Test func isWrittenAsTheContentIdentifierOfAFolder() throws {
        #expect(id.description.hasPrefix("bafybei") && id.description.utf8.count == 59)
        #expect(ModelID(id.description) == id)
        #expect(ModelID(id.cid) == id && id.cid.digest == id.digest.bytes)
        #expect(try CanonicalJSON.encode([id]) == Array("[\"\(id)\"]".utf8))
        #expect(try CanonicalJSON.decode([ModelID].self, from: Array("[\"\(id)\"]".utf8)) == [id])
    }

    @Test func refusesEveryOtherText() throws {
        let text = id.description
        let file = CID(of: [1], codec: .raw)
        let old = CID(of: [1], codec: .dagPB, version: .v0)
        for other in [
            "", id.digest.hex, text.uppercased(), String(text.dropLast()), text + "a", " " + text, "ipfs://" + text,
            file.description, old.description,
        ] {
            #expect(ModelID(other) == nil, "\(other)")
            #expect(throws: JSONDecodingFailure.self) {
                try CanonicalJSON.decode([ModelID].self, from: Array("[\"\(other)\"]".utf8))
            }
        }
    }
}
