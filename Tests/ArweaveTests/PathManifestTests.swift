import Arweave
import Testing

private let first = TransactionID(bytes: [UInt8](repeating: 1, count: 32))!  // 32 bytes
private let second = TransactionID(bytes: [UInt8](repeating: 2, count: 32))!  // 32 bytes

@Suite struct PathManifestTests {
    @Test func aManifestIsWrittenAsGatewaysReadIt() throws {
        let manifest = try PathManifest(
            files: ["manifest.json": first, "weights/model.gguf": second], index: "manifest.json")
        let text =
            #"{"index":{"path":"manifest.json"},"manifest":"arweave/paths","paths":{"manifest.json":{"id":"\#(first)"},"#
            + #""weights/model.gguf":{"id":"\#(second)"}},"version":"0.1.0"}"#
        #expect(String(decoding: manifest.json(), as: UTF8.self) == text)
        #expect(try PathManifest(json: manifest.json()) == manifest)
    }

    @Test func theNewerVersionIsReadToo() throws {
        let text =
            #"{"manifest":"arweave/paths","version":"0.2.0","index":{"path":"a"},"fallback":{"id":"\#(second)"},"#
            + #""paths":{"a":{"id":"\#(first)"}}}"#
        #expect(try PathManifest(json: Array(text.utf8)) == PathManifest(files: ["a": first], index: "a"))
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\0b", "a\nb", "\u{7F}",
        String(repeating: "a", count: 1_025),
    ])
    func pathsThatLeaveTheFolderAreRefused(path: String) {
        #expect {
            try PathManifest(files: [path: first])
        } throws: { error in
            if case .malformedManifest? = error as? ArweaveError { true } else { false }
        }
    }

    @Test func aFileIsNoFolder() {
        #expect(throws: ArweaveError.malformedManifest(reason: "a path is a file and a folder")) {
            try PathManifest(files: ["a": first, "a/b/c": second])
        }
        #expect(throws: Never.self) { try PathManifest(files: ["a": first, "ab/c": second]) }
    }

    @Test(arguments: [
        #"{"manifest":"arweave/path","version":"0.1.0","paths":{"a":{"id":"ID"}}}"#,
        #"{"manifest":"arweave/paths","version":"9","paths":{"a":{"id":"ID"}}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0"}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"a":{"id":"IDA"}}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"a":{"id":"ID","size":1}}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"a":{"id":"ID"},"a":{"id":"ID"}}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"a":{"id":"ID"}},"index":{"path":"b"}}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"a":{"id":"ID"}},"more":1}"#,
        #"{"manifest":"arweave/paths","version":"0.1.0","paths":{"../a":{"id":"ID"}}}"#,
        "[]", "",
    ])
    func whatIsNoManifestIsRefused(text: String) {
        let json = Array(text.replacing("ID", with: first.description).utf8)
        #expect {
            try PathManifest(json: json)
        } throws: { error in
            if case .malformedManifest? = error as? ArweaveError { true } else { false }
        }
    }

    @Test func manifestsAreBounded() {
        let files = Dictionary(uniqueKeysWithValues: (0...PathManifest.fileLimit).map { ("\($0)", first) })
        #expect(throws: ArweaveError.self) { try PathManifest(files: files) }
        #expect(throws: ArweaveError.self) {
            try PathManifest(json: [UInt8](repeating: 0x20, count: PathManifest.byteLimit + 1))
        }
    }
}
