import Arweave
import Cryptography
import Foundation
import ModelStorage
import Synchronization
import Testing

/// Making a key takes longer than everything that is done with it.
let testWallet = Result { Wallet(try RSAPSS.SigningKey(bits: 2_048)) }

/// Bytes that repeat only from seed to seed.
func someBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var (state, bytes): (UInt64, [UInt8]) = (seed, [])
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        withUnsafeBytes(of: state ^ (state >> 29)) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
}

/// A folder that goes away with the value that holds it.
final class TemporaryFolder: Sendable {
    let path = NSTemporaryDirectory() + "model-storage-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func read(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { [UInt8]($0) }
    }
}

/// Waits that take no time. In each of them the network finds a block.
struct PatientTime {
    final class Waits: Sendable {
        let durations = Mutex<[Duration]>([])
    }

    let waits = Waits()
    let weave: Weave?

    func patience(rounds: Int = 4) -> Patience {
        var patience = Patience()
        patience.rounds = rounds
        patience.wait = { [waits, weave] duration in
            waits.durations.withLock { $0.append(duration) }
            weave?.mine()
        }
        return patience
    }
}

/// A package of three files with an uploader's needs around it.
struct PackageFixture {
    let folder: TemporaryFolder
    let weave = Weave()
    let contents: [(name: String, bytes: [UInt8])]

    static let three: [(name: String, bytes: [UInt8])] = [
        ("manifest.json", Array(#"{"name":"tiny"}"#.utf8)),
        ("policy.lua", someBytes(524_288, seed: 2)),
        ("weights/model.gguf", someBytes(1_300_000, seed: 3)),
    ]

    init(_ contents: [(name: String, bytes: [UInt8])] = three) throws {
        folder = try TemporaryFolder()
        self.contents = contents
    }

    func files() throws -> [UploadFile] {
        try contents.enumerated().map { index, file in
            UploadFile(name: file.name, path: try folder.write("source-\(index)", file.bytes))
        }
    }

    /// The chunks of all files and of the path manifest.
    let chunkCount = 1 + 2 + 5 + 1

    var journal: String { "\(folder.path)/journal" }

    func nodes(_ links: [any NodeLink], rounds: Int = 4) -> ArweaveNodes {
        ArweaveNodes(links.map { ArweaveNode($0) }, patience: PatientTime(weave: weave).patience(rounds: rounds))
    }

    func uploader(_ links: [any NodeLink], concurrency: Int = 2) throws -> ArweaveUploader {
        var options = ArweaveUploader.Options()
        options.concurrency = concurrency
        options.polls = 20
        return try ArweaveUploader(
            nodes: nodes(links), wallet: testWallet.get(), journal: journal, options: options)
    }

    /// Prepares, accepts whatever it costs, and carries out; the package's id.
    func upload(_ links: [any NodeLink], concurrency: Int = 2) async throws -> TransactionID {
        let uploader = try uploader(links, concurrency: concurrency)
        let order =
            switch try await uploader.prepare(files(), index: "manifest.json") {
            case .ordered(let order): order
            case .unpaid(let quote): try await uploader.order(quote.accept())
            }
        try await uploader.carryOut(order)
        return order.packageID
    }

    /// Whether a folder holds the package.
    func isWhole(_ folder: String) -> Bool {
        contents.allSatisfy { FileManager.default.contents(atPath: "\(folder)/\($0.name)") == Data($0.bytes) }
    }
}
