import Canonical
import ContentAddressing
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// A folder's block as a stranger may write it, and what may hang on it.
@Suite struct PackageRootTests {
    private let manifest: Manifest
    private let model: PublishedModel

    init() throws {
        var manifest = try Fixture().manifest
        manifest.files.append(.init(name: "LICENCE", role: .licence, size: 3, sha256: Digest.ofRaw([1, 2, 3])))
        self.manifest = manifest
        model = try PublishedModel(ofSmallFiles: manifest)
    }

    private var entries: [DAGLink] {
        manifest.files.compactMap { PackageRoot.link(to: $0) } + [document(manifest)]
    }

    private func document(_ manifest: Manifest) -> DAGLink {
        PackageRoot.link(Manifest.fileName, to: (try? CanonicalJSON.encode(manifest)) ?? [])
    }

    private func refusal(_ entries: [DAGLink], _ manifest: Manifest) -> String? {
        do {
            _ = try PublishedModel(root: PackageRoot(entries: entries), manifest: manifest)
            return nil
        } catch { return (error as? InvalidField)?.field }
    }

    @Test func survivesJSON() throws {
        let bytes = try CanonicalJSON.encode(model)
        #expect(try CanonicalJSON.decode(PublishedModel.self, from: bytes, unknownKeys: .refused) == model)
        #expect(model.id.digest == Digest.ofRaw(model.root.bytes))
        #expect(try model.root.manifestBlock() == document(manifest).cid)
    }

    @Test func belongsToOneManifestOnly() throws {
        #expect(refusal(entries, manifest) == nil)
        var other = manifest
        other.name = "another"
        #expect(refusal(entries, other) == "manifest")
        // A manifest may not say other files than the folder has.
        other = manifest
        other.files[1].sha256 = Digest.ofRaw([4, 5, 6])
        #expect(refusal(entries.dropLast() + [document(other)], other) == "manifest.files")
        other = manifest
        other.files[1].name = "LICENSE"
        #expect(refusal(entries.dropLast() + [document(other)], other) == "manifest.files")
        other.files.removeLast()
        #expect(refusal(entries.dropLast() + [document(other)], other) == "manifest.files")
        let stray = DAGLink(CID(of: [9], codec: .raw), name: "stray", totalSize: 1)
        #expect(refusal(entries + [stray], manifest) == "manifest.files")
    }

    @Test func aLargeFilesTreeIsAsLargeAsItSays() throws {
        var large = manifest
        large.files[0].size = 5 << 20
        let tree = CID(of: [5], codec: .dagPB)
        let rest = [try #require(PackageRoot.link(to: large.files[1])), document(large)]
        func refusal(_ link: DAGLink) -> String? { self.refusal(rest + [link], large) }
        let name = large.files[0].name
        #expect(refusal(DAGLink(tree, name: name, totalSize: 5 << 20 + 400)) == nil)
        #expect(refusal(DAGLink(tree, name: name, totalSize: 5 << 20)) == "manifest.files")
        #expect(refusal(DAGLink(CID(of: [5], codec: .raw), name: name, totalSize: 6 << 20)) == "manifest.files")
        let old = CID(of: [5], codec: .dagPB, version: .v0)
        #expect(refusal(DAGLink(old, name: name, totalSize: 6 << 20)) == "manifest.files")
    }

    @Test func refusesWhatIsNoFoldersBlock() throws {
        let file = DAGNode(links: [], data: UnixFSData.leaf([1]).encode()).encode()
        let repeated = DAGNode(links: [entries[0], entries[0]], data: UnixFSData.directory.encode()).encode()
        let unsorted = DAGNode(
            links: entries.sorted { $0.name > $1.name }, data: UnixFSData.directory.encode()
        ).encode()
        let empty = DAGNode(links: [], data: UnixFSData.directory.encode()).encode()
        let crowd = DAGNode(
            links: (100...166).map { DAGLink(entries[0].cid, name: "\($0)", totalSize: 1) },
            data: UnixFSData.directory.encode()
        ).encode()
        let bytes = model.root.bytes
        for block in [
            [], [0], file, repeated, unsorted, empty, crowd, bytes + [0], Array(bytes.dropLast()),
            [UInt8](repeating: 0, count: PackageRoot.maximumBytes + 1),
        ] {
            #expect(throws: InvalidField.self) { try PackageRoot(bytes: block) }
            let text = Array("[\"\(Base64URL.encode(block))\"]".utf8)
            #expect(throws: JSONDecodingFailure.self) { try CanonicalJSON.decode([PackageRoot].self, from: text) }
        }
    }

    /// To Swift's strings both spellings of a name are equal; the folder has one of them.
    @Test func comparesNamesByTheirBytes() throws {
        var one = manifest
        one.files[1].name = "caf\u{E9}"
        var two = one
        two.files[1].name = "cafe\u{301}"
        let entries = one.files.compactMap { PackageRoot.link(to: $0) }
        #expect(refusal(entries + [document(one)], one) == nil)
        #expect(refusal(entries + [document(two)], two) == "manifest.files")
    }
}
