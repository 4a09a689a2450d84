public import ContentAddressing
import DNAProtocol
public import HTTPTransport
import NIOCore
import Synchronization

/// What a download reports while it goes on, from any thread.
public enum FetchEvent: Sendable {
    /// What there is to do is known: bytes in all, and how many are there from before.
    case planned(bytes: Int, present: Int)
    /// Bytes that came and were checked.
    case received(Int)
    /// A gateway that is not asked again.
    case banned(gateway: String, reason: String)
}

/// What a download did.
public struct FetchReport: Sendable, Hashable {
    /// The package's id.
    public let root: CID
    /// How many files it has.
    public let files: Int
    /// Bytes of all files.
    public let bytes: UInt64
    /// Bytes of leaves and nodes that came over the network and were used.
    public let fetchedBytes: Int
    /// Gateways that gave wrong bytes, and what.
    public let banned: [String]
}

/// Fetches a package by its id from gateways that need not be trusted: every block is checked before it is used.
public struct IPFSFetcher: Sendable {
    private let client: HTTP1Client
    private let gateways: [StorageEndpoint]
    /// What is accepted.
    public var limits = DAGLimits.standard
    /// Questions to one gateway at the same time.
    public var questionsPerGateway = 8
    /// How long a block may take until another gateway is asked.
    public var blockDeadline: Duration = .seconds(30)
    var conditions = FetchConditions()
    /// How long a gateway rests after a failure, at first.
    public var rest: Duration = .seconds(1)

    /// A fetcher over gateways, of which one is enough.
    public init(gateways: [StorageEndpoint], client: HTTP1Client) {
        precondition(!gateways.isEmpty, "nobody to ask")
        self.gateways = gateways
        self.client = client
    }

    private func source(_ onBan: @escaping @Sendable (String, String) -> Void) -> BlockSource {
        BlockSource(
            client: client, board: GatewayBoard(gateways, atOnce: questionsPerGateway, rest: rest),
            deadline: blockDeadline, onBan: onBan)
    }

    /// One block, checked.
    public func block(_ cid: CID) async throws -> Block {
        let bytes = try await source { _, _ in }.bytes(of: cid)
        return try Self.accept { () throws(DAGError) in try Block(Array(bytes.readableBytesView), named: cid) }
    }

    /// Fetches a package to `destination`, which must not exist. What came is kept beside it in `destination.partial` until
    /// all has; the next call goes on there.
    ///
    /// Throws ``StorageError``, `CancellationError`.
    public func fetch(
        _ root: CID, to destination: String, progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) async throws -> FetchReport {
        let folder = try DownloadFolder(destination)
        let source = source { progress(.banned(gateway: $0, reason: $1)) }
        let walk = try await self.walk(root, source)
        let plan = try Self.accept { () throws(DAGError) in
            try PiecePlan(walk.finish().sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
        }
        try conditions.size(Int(clamping: plan.files.reduce(0) { $0 + $1.size }))
        try folder.layOut(plan.files, folders: walk.folders, isFolder: walk.isFolder ?? false)
        let written = try ProgressFile(folder.progressPath, root: root, count: plan.pieces.count)
        let download = Download(plan: plan, folder: folder, written: written, source: source, progress: progress)
        let present = try await download.check()
        progress(.planned(bytes: plan.bytes, present: present))
        let workers = questionsPerGateway * gateways.count
        if let accepts = conditions.manifest {
            try accepts(try await download.file(Manifest.fileName, limit: Manifest.maximumBytes, workers: workers))
        }
        try await download.run(workers: workers)
        try folder.complete(plan.files.map(\.path))
        return FetchReport(
            root: root, files: plan.files.count, bytes: plan.files.reduce(0) { $0 + $1.size },
            fetchedBytes: walk.nodeBytes + plan.bytes - present, banned: source.board.bans)
    }

    /// Directories and inner nodes first: then every leaf's place is known.
    private func walk(_ root: CID, _ source: BlockSource) async throws -> DAGWalk {
        var walk = DAGWalk(root, limits: limits)
        let atOnce = questionsPerGateway * gateways.count
        try await withThrowingTaskGroup(of: (CID, ByteBuffer).self) { group in
            var open = 0
            while !walk.isComplete {
                while open < atOnce, let cid = walk.next() {
                    open += 1
                    group.addTask { (cid, try await source.bytes(of: cid)) }
                }
                guard let (cid, bytes) = try await group.next() else { break }
                open -= 1
                let block = try Self.accept { () throws(DAGError) in
                    try Block(Array(bytes.readableBytesView), named: cid)
                }
                try Self.accept { () throws(DAGError) in try walk.supply(block) }
            }
        }
        return walk
    }

    static func accept<R>(_ body: () throws(DAGError) -> R) throws(StorageError) -> R {
        do {
            return try body()
        } catch {
            throw .refused(error)
        }
    }
}
