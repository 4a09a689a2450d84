import Canonical
import DNAProtocol

/// Reads what says which model an id names: a manifest, a package's root block, or both as a listing, by the first byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    var input = Array(UnsafeBufferPointer(start: data, count: size))[...]
    let choice = input.popFirst() ?? 0
    do {
        switch choice % 3 {
        case 0: try checkManifest(Array(input))
        case 1: try checkRoot(Array(input))
        default: try checkListing(Array(input))
        }
    } catch {
        precondition(!"\(error)".isEmpty)
    }
    return 0
}

private func checkManifest(_ bytes: [UInt8]) throws {
    let manifest = try CanonicalJSON.decode(Manifest.self, from: bytes, unknownKeys: .refused)
    let written = try CanonicalJSON.encode(manifest)
    let again = try CanonicalJSON.decode(Manifest.self, from: written, unknownKeys: .refused)
    let rewritten = try CanonicalJSON.encode(again)
    precondition(again == manifest && rewritten == written, "another manifest")
    try manifest.validate()
    precondition((1...Manifest.maximumFiles).contains(manifest.files.count))
    precondition(manifest.files.allSatisfy { !$0.name.utf8.contains(UInt8(ascii: "/")) && $0.size > 0 })
    precondition(manifest.files.count { $0.role == .weights } == 1, "no weights, or two")
    let model = try PublishedModel(ofSmallFiles: manifest)
    let root = try PackageRoot(bytes: model.root.bytes)
    precondition(root == model.root, "another root")
}

private func checkRoot(_ bytes: [UInt8]) throws {
    let root = try PackageRoot(bytes: bytes)
    precondition(root.bytes == bytes && ModelID(root.id.description) == root.id, "another root")
    _ = try root.manifestBlock()
}

private func checkListing(_ bytes: [UInt8]) throws {
    let model = try CanonicalJSON.decode(PublishedModel.self, from: bytes, unknownKeys: .refused)
    try model.root.check(model.manifest)
    _ = try model.root.manifestBlock()
}
