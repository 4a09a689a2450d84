import Arweave
import Foundation
import HTTPTransport
import ModelStorage
import Synchronization

/// `dna model pull ar://ID --out PATH`.
struct ArweavePull {
    let id: TransactionID
    let output: String
    let nodes: [StorageEndpoint]

    /// What came.
    struct Report {
        let files: Int
        let bytes: Int
    }

    func run(_ client: HTTP1Client) async throws -> Report {
        guard !FileManager.default.fileExists(atPath: output) else { throw StorageError.exists(path: output) }
        let links = nodes.map { ArweaveNode(HTTPNodeLink($0, client: client)) }
        let downloader = ArweaveDownloader(nodes: ArweaveNodes(links))
        let progress = ArweaveProgress("fetched")
        let bytes = Mutex(0)
        let show = { @Sendable (now: TransferProgress) in
            bytes.withLock { $0 = now.total }
            progress.show(now)
        }
        let head = try await downloader.transaction(id)
        guard head.tag("Content-Type") == PathManifest.contentType else {
            try await downloader.file(id, to: output, progress: show)
            return Report(files: 1, bytes: bytes.withLock { $0 })
        }
        // Under its name once all of it is there.
        let partial = output + ".partial"
        let files = try await downloader.package(id, to: partial, progress: show)
        try FileManager.default.moveItem(atPath: partial, toPath: output)
        return Report(files: files.count, bytes: bytes.withLock { $0 })
    }
}
