public import Arweave
import DNAProtocol
import Foundation

/// Why a download cannot be had.
public enum ArweaveDownloadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It would be larger than allowed.
    case tooLarge(name: String, size: Int, limit: Int)
    /// A folder for a file cannot be made: why.
    case folder(path: String, reason: String)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .tooLarge(let name, let size, let limit): "\(name) has \(size) bytes; \(limit) are allowed"
        case .folder(let path, let reason): "\(path): \(reason)"
        }
    }
}

/// Fetches packages from Arweave by their ids, verified from the signature down to each chunk; resumes after a break.
public struct ArweaveDownloader: Sendable {
    /// How a download behaves.
    public struct Options: Hashable, Sendable {
        /// Chunks on their way at the same time.
        public var concurrency = 8
        /// The most bytes of a whole package.
        public var sizeLimit = 1 << 40

        /// The numbers above.
        public init() {}
    }

    let nodes: ArweaveNodes
    let options: Options
    var conditions = FetchConditions()

    /// A downloader that asks these nodes, spreading its questions over all of them.
    public init(nodes: ArweaveNodes, options: Options = Options()) {
        self.nodes = nodes
        self.options = options
    }

    /// A transaction, with its owner's signature verified: its tags and its data root are what the id stands for.
    public func transaction(_ id: TransactionID) async throws -> Transaction {
        try await nodes.ask { try await $0.transaction(id) }
    }

    /// Fetches one transaction's data into a file, which appears under its name once it is complete.
    ///
    /// - Throws: ``ArweaveDownloadError``, ``ArweaveFailure``, `ArweaveError`, `CancellationError`.
    public func file(
        _ id: TransactionID, to path: String, progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws {
        let transaction = try await transaction(id)
        try check(transaction.body.dataSize, of: "\(id)")
        try conditions.size(transaction.body.dataSize)
        let counter = TransferCounter(total: transaction.body.dataSize, progress)
        try await fetch(transaction, to: path, counter)
    }

    /// Fetches a package into a folder: all files of a path manifest, or the one file that a transaction without a
    /// manifest is, under the name `name`. The folder holds the package once this returns, and parts of it before.
    ///
    /// - Returns: which transaction each file came from.
    /// - Throws: ``ArweaveDownloadError``, ``ArweaveFailure``, `ArweaveError`, `CancellationError`.
    @discardableResult
    public func package(
        _ id: TransactionID, to folder: String, name: String = "data",
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> [String: TransactionID] {
        let head = try await transaction(id)
        guard head.tag("Content-Type") == PathManifest.contentType else {
            try makeFolder(folder)
            try await file(id, to: "\(folder)/\(name)", progress: progress)
            return [name: id]
        }
        let manifest = try PathManifest(json: try await bytes(of: head, limit: PathManifest.byteLimit))
        var files: [(path: String, transaction: Transaction)] = []
        for (path, id) in Self.order(manifest.files) { files.append((path, try await transaction(id))) }
        let (total, overflow) = files.reduce((0, false)) { sum, file in
            let (next, overflow) = sum.0.addingReportingOverflow(file.transaction.body.dataSize)
            return (next, sum.1 || overflow)
        }
        try check(overflow ? .max : total, of: "the package")
        try conditions.size(total)
        if files.first?.path != Manifest.fileName { try conditions.manifest?(nil) }
        let counter = TransferCounter(total: total, progress)
        for (path, transaction) in files {
            let target = "\(folder)/\(path)"
            try makeFolder((target as NSString).deletingLastPathComponent)
            try await fetch(transaction, to: target, counter)
            if path == Manifest.fileName, let accepts = conditions.manifest { try accepts(try Self.manifest(target)) }
        }
        return manifest.files
    }

    /// The manifest first, then by their names.
    private static func order(_ files: [String: TransactionID]) -> [(path: String, id: TransactionID)] {
        let names = files.keys.sorted()
        let ordered = names.filter { $0 == Manifest.fileName } + names.filter { $0 != Manifest.fileName }
        return ordered.compactMap { name in files[name].map { (name, $0) } }
    }

    /// The manifest's bytes; nil when they are too many.
    private static func manifest(_ path: String) throws(ArweaveError) -> [UInt8]? {
        let file = try DataFile(path: path)
        return file.size <= Manifest.maximumBytes ? try file.read(0..<file.size) : nil
    }

    /// A small transaction's data.
    func bytes(of transaction: Transaction, limit: Int) async throws -> [UInt8] {
        let size = transaction.body.dataSize
        guard size <= limit else {
            throw ArweaveDownloadError.tooLarge(name: "\(transaction.id)", size: size, limit: limit)
        }
        let reader = try ChunkReader(nodes: nodes, transaction: transaction)
        var bytes: [UInt8] = []
        while bytes.count < size {
            let chunk = try await reader.chunk(at: bytes.count)
            bytes += chunk.bytes[(bytes.count - chunk.range.lowerBound)...]
        }
        return bytes
    }

    private func check(_ size: Int, of name: String) throws(ArweaveDownloadError) {
        guard size <= options.sizeLimit else {
            throw .tooLarge(name: name, size: size, limit: options.sizeLimit)
        }
    }

    private func makeFolder(_ path: String) throws(ArweaveDownloadError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .folder(path: path, reason: "\(error.localizedDescription)")
        }
    }
}
