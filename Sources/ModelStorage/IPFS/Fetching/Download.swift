import ContentAddressing
import NIOCore

/// The leaves of one package on their way to disk.
struct Download: Sendable {
    let plan: PiecePlan
    let folder: DownloadFolder
    let written: ProgressFile
    let source: BlockSource
    let progress: @Sendable (FetchEvent) -> Void
    private let disk = DiskQueue()

    /// Hashes again what an earlier call has written; returns how many bytes of it are right.
    func check() async throws -> Int {
        let candidates = plan.pieces.indices.filter(written.isDone)
        return try await each(candidates, workers: 4) { piece in
            if try isRight(piece) { return plan.pieces[piece].leaf.size }
            try written.set(piece, done: false)
            return 0
        }
    }

    private func isRight(_ piece: Int) throws -> Bool {
        let leaf = plan.pieces[piece].leaf
        for place in plan.places(of: piece) {
            let path = plan.files[place.file].path
            guard let bytes = try folder.read(path, at: place.offset, count: leaf.size) else { return false }
            let block =
                leaf.cid.codec == .raw
                ? bytes : DAGNode(links: [], data: UnixFSData.leaf(bytes).encode()).encode()
            guard block.withUnsafeBytes({ leaf.cid.names($0) }) else { return false }
        }
        return true
    }

    /// Fetches what is missing.
    func run(workers: Int) async throws {
        try await fetch(plan.pieces.indices.filter { !written.isDone($0) }, workers: workers)
    }

    /// A small file, of which what is missing is fetched; nil when there is none, or one with more than `limit` bytes.
    func file(_ path: String, limit: Int, workers: Int) async throws -> [UInt8]? {
        guard let file = plan.files.first(where: { $0.path == path }), file.size <= limit else { return nil }
        let leaves = Set(file.leaves.map(\.cid))
        let missing = plan.pieces.indices.filter { leaves.contains(plan.pieces[$0].leaf.cid) && !written.isDone($0) }
        try await fetch(missing, workers: workers)
        return try folder.read(path, at: 0, count: Int(file.size))
    }

    private func fetch(_ missing: [Int], workers: Int) async throws {
        _ = try await each(missing, workers: workers) { piece in
            try await fetch(piece)
            progress(.received(plan.pieces[piece].leaf.size))
            return 0
        }
    }

    private func fetch(_ piece: Int) async throws {
        let leaf = plan.pieces[piece].leaf
        let bytes = try await source.bytes(of: leaf.cid)
        if leaf.cid.codec == .raw {
            // The bytes are the block's, so another length is the parent's lie, not the gateway's.
            guard bytes.readableBytes == leaf.size else { throw StorageError.refused(.sizesDisagree(leaf.cid)) }
            try await disk.run { try bytes.withUnsafeReadableBytes { try write($0, piece) } }
        } else {
            let content = try IPFSFetcher.accept { () throws(DAGError) in
                try leaf.content(of: Block(Array(bytes.readableBytesView), named: leaf.cid))
            }
            try await disk.run { try content.withUnsafeBytes { try write($0, piece) } }
        }
        try written.set(piece, done: true)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ piece: Int) throws {
        for place in plan.places(of: piece) {
            try folder.write(bytes, to: plan.files[place.file].path, at: place.offset)
        }
    }

    /// Runs `body` for each piece, several at once, and adds up what it returns.
    private func each(
        _ pieces: [Int], workers: Int, _ body: @escaping @Sendable (Int) async throws -> Int
    ) async throws -> Int {
        let turn = Turn()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<min(workers, pieces.count) {
                group.addTask {
                    var sum = 0
                    while case let index = turn.take(), index < pieces.count {
                        try Task.checkCancellation()
                        sum += try await body(pieces[index])
                        // Hashing and writing take their time on threads that are everybody's.
                        await Task.yield()
                    }
                    return sum
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
