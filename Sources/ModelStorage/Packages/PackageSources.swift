import Arweave
import ContentAddressing
import DNAProtocol
import Foundation
public import HTTPTransport
import Synchronization

/// Where packages are fetched from.
public struct PackageSources: Sendable {
    /// Trustless gateways of IPFS.
    public var gateways: [StorageEndpoint]
    /// Nodes of Arweave; nil when none were named.
    public var arweave: ArweaveNodes?
    /// Speaks to all of them.
    public var client: HTTP1Client

    /// Names them.
    public init(gateways: [StorageEndpoint], arweave: ArweaveNodes?, client: HTTP1Client) {
        self.gateways = gateways
        self.arweave = arweave
        self.client = client
    }

    /// Fetches a package to `destination`, where it appears once it was read and has the right id.
    ///
    /// Throws ``StorageError``, `ArweaveFailure`, `CancellationError`, and what reading a package throws.
    public func fetch(
        _ address: PackageAddress, to destination: String, read: PackageReader,
        progress: @escaping @Sendable (PackageEvent) -> Void = { _ in }
    ) async throws -> PackageReading {
        guard !FileManager.default.fileExists(atPath: destination) else { throw StorageError.exists(path: destination) }
        let unchecked = destination + ".unchecked"
        try CacheLayout.remove(unchecked)
        try await fetch(address, to: unchecked, isToRun: false, progress: progress)
        progress(.checking)
        do {
            let reading = try await read(unchecked)
            if let id = address.id, reading.root.cid != id {
                throw StorageError.otherPackage(wanted: id, found: reading.root.cid, server: "\(address)")
            }
            guard rename(unchecked, destination) == 0 else {
                throw StorageError.disk(path: destination, reason: lastError())
            }
            return reading
        } catch {
            try CacheLayout.remove(unchecked)
            throw error
        }
    }

    /// Fetches a package to `destination`, which must not exist. What has come is kept in `destination.partial` until
    /// all has; the next call goes on there.
    ///
    /// What came from IPFS and Arweave is what the address names. From a mirror it is what the mirror's manifest says:
    /// the caller compares the whole with the id.
    ///
    /// - Parameters:
    ///   - isToRun: whether the disk must have all that the manifest asks for, which is then looked at before other files.
    ///   - accepts: asked with all the bytes there will be, before they come; throws to refuse them.
    func fetch(
        _ address: PackageAddress, to destination: String, isToRun: Bool,
        accepts: @escaping @Sendable (Int) throws -> Void = { _ in },
        progress: @escaping @Sendable (PackageEvent) -> Void
    ) async throws {
        var conditions = FetchConditions()
        conditions.size = { bytes in
            try accepts(bytes)
            try DownloadFolder.checkRoom(for: bytes, at: destination)
        }
        if isToRun {
            conditions.manifest = { bytes in
                let manifest = try Manifest(fetched: bytes, from: "\(address)")
                try DownloadFolder.checkRoom(for: manifest.environment.disk, at: destination)
            }
        }
        switch address {
        case .folder(let path): throw StorageError.notAPackage(name: path, reason: "a folder is not fetched")
        case .ipfs(let id): try await fetch(id, destination, conditions, progress)
        case .arweave(let id): try await fetch(id, destination, conditions, progress)
        case .mirror(let url, _):
            guard let endpoint = StorageEndpoint(url) else { throw PackageAddressError.unusableURL(url) }
            var fetcher = MirrorFetcher(endpoint, client: client)
            fetcher.conditions = conditions
            try await fetcher.fetch(to: destination, progress: progress)
        }
    }

    private func fetch(
        _ id: CID, _ destination: String, _ conditions: FetchConditions,
        _ progress: @escaping @Sendable (PackageEvent) -> Void
    ) async throws {
        guard !gateways.isEmpty else {
            throw StorageError.noSource(address: "\(PackageAddress.ipfs(id))", option: "--ipfs-gateway")
        }
        var fetcher = IPFSFetcher(gateways: gateways, client: client)
        fetcher.conditions = conditions
        _ = try await fetcher.fetch(id, to: destination) { event in
            switch event {
            case .planned(let bytes, let present): progress(.planned(bytes: bytes, present: present))
            case .received(let bytes): progress(.received(bytes))
            case .banned(let gateway, let reason): progress(.banned(server: gateway, reason: reason))
            }
        }
    }

    private func fetch(
        _ id: TransactionID, _ destination: String, _ conditions: FetchConditions,
        _ progress: @escaping @Sendable (PackageEvent) -> Void
    ) async throws {
        let address = PackageAddress.arweave(id)
        guard let arweave else { throw StorageError.noSource(address: "\(address)", option: "--arweave-node") }
        var downloader = ArweaveDownloader(nodes: arweave)
        downloader.conditions = conditions
        let head = try await downloader.transaction(id)
        guard head.tag("Content-Type") == PathManifest.contentType else {
            throw StorageError.notAPackage(name: "\(address)", reason: "it is a single file")
        }
        let folder = try DownloadFolder(destination)
        let done = Mutex<Int?>(nil)
        try await downloader.package(id, to: folder.path(of: "")) { now in
            let before = done.withLock { done in
                defer { done = now.done }
                return done
            }
            progress(before.map { .received(now.done - $0) } ?? .planned(bytes: now.total, present: now.done))
        }
        try folder.complete([])
    }
}
