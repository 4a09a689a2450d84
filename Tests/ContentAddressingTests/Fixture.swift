import ContentAddressing
import Foundation
import Synchronization

/// The vectors' bytes: word j is the output j+1 of splitmix64, little-endian, cut to the size.
struct TestBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The next bytes; all but the last call must ask for a multiple of eight.
    mutating func next(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (count + 7) & ~7) { buffer, filled in
            let words = UnsafeMutableRawBufferPointer(buffer)
            for offset in stride(from: 0, to: count, by: 8) {
                words.storeBytes(of: word().littleEndian, toByteOffset: offset, as: UInt64.self)
            }
            filled = count
        }
    }

    static func bytes(seed: UInt64, count: Int) -> [UInt8] {
        var bytes = TestBytes(seed: seed)
        return bytes.next(count)
    }

    /// What a vector calls `splitmix64 seed=N`, or a text.
    static func content(_ text: String, size: Int) -> [UInt8] {
        if text.hasPrefix("splitmix64 seed="), let seed = text.split(separator: "=").last?.prefix(while: \.isNumber) {
            return bytes(seed: UInt64(seed) ?? 0, count: size)
        }
        return Array("hello world".utf8)
    }
}

/// A folder that is gone when its owner is.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/content-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }
}

/// Every block of an import, leaves included.
func blocks(of dag: ImportedDAG) throws -> [Block] {
    try dag.depthFirst().map { item in
        switch item {
        case .node(let block): block
        case .leaf(let file, let index): try dag.leafBlock(file: file, index: index)
        }
    }
}

/// Walks blocks held in memory to the end.
func walk(
    _ root: CID, _ blocks: [Block], limits: DAGLimits = .standard
) throws -> (files: [DAGFile], walk: DAGWalk) {
    let known = Dictionary(blocks.map { ($0.cid, $0) }) { first, _ in first }
    var walk = DAGWalk(root, limits: limits)
    while let cid = walk.next() {
        guard let block = known[cid] else { throw MissingBlock(cid: cid) }
        try walk.supply(block)
    }
    return (walk.finish(), walk)
}

struct MissingBlock: Error { let cid: CID }

func vectors<T: Decodable>(_ name: String, _ type: T.Type) throws -> T {
    guard let url = Bundle.module.url(forResource: "Vectors/" + name, withExtension: "json") else {
        throw CocoaError(.fileNoSuchFile)
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: url))
}

extension ImportProfile {
    /// The profiles of the vectors, of which a package may name two.
    static let all = [
        unixfsV1_2025, ipfsAdd, ImportProfile(name: "ipfs-add-v1-256KiB-w174", chunkBytes: 1 << 18, width: 174),
        ImportProfile(name: "unixfs-v0-2015", chunkBytes: 1 << 18, width: 174, rawLeaves: false, version: .v0),
    ]

    static func vector(_ name: String) -> ImportProfile? { all.first { $0.name == name } }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add(_ more: Int) { count.withLock { $0 += more } }
}
