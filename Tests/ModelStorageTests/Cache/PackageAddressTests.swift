import ContentAddressing
import ModelStorage
import Testing

@Suite struct PackageAddressTests {
    private let id = "bafybeibcmvdf2py42xtu36plrm6o4aqwrduuicgk46w7tsqecz6lew4woa"

    @Test func readsEveryKindOfAddress() throws {
        let transaction = "bNbA3TEQVL60xlgCcqdz4ZPHFZ711cZ3hmkpGttDt_U"
        let cid = try CID(id)
        #expect(try PackageAddress("ipfs://\(id)") == .ipfs(cid))
        #expect(try PackageAddress("https://example.com/m#\(id)") == .mirror(url: "https://example.com/m", id: cid))
        #expect(try PackageAddress("http://127.0.0.1:9000#\(id)") == .mirror(url: "http://127.0.0.1:9000", id: cid))
        #expect(try PackageAddress("/model/package") == .folder("/model/package"))
        for text in ["ipfs://\(id)", "ar://\(transaction)", "https://example.com/m#\(id)", "/model/package"] {
            #expect(try PackageAddress(text).description == text)
        }
        #expect(try PackageAddress("ar://\(transaction)").id == nil)
        #expect(try PackageAddress("https://example.com/m#\(id)").id == cid)
    }

    @Test func withoutTheIDAWebServerIsNoAddress() {
        let url = "https://example.com/model"
        #expect(throws: PackageAddressError.noID(url)) { try PackageAddress(url) }
    }

    @Test func refusesWhatCannotBeAPackage() throws {
        let file = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
        #expect(throws: PackageAddressError.notAFolder(try CID(file))) { try PackageAddress("ipfs://\(file)") }
        let old = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"
        #expect(throws: PackageAddressError.notAFolder(try CID(old))) { try PackageAddress("ipfs://\(old)") }
        #expect(throws: PackageAddressError.noTransaction("ar://\(id)")) { try PackageAddress("ar://\(id)") }
        #expect(throws: PackageAddressError.unknownScheme("ftp")) { try PackageAddress("ftp://example.com#\(id)") }
        #expect(throws: PackageAddressError.self) { try PackageAddress("https://exa mple.com#\(id)") }
        #expect(throws: PackageAddressError.self) { try PackageAddress("ipfs://nothing") }
    }
}
