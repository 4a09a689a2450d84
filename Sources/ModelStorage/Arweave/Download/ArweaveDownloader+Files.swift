import Arweave
import Cryptography
import Glibc

extension ArweaveDownloader {
    /// Fetches a transaction's data by chunks with their proofs; where the nodes have none, from gateways as a whole.
    /// A file that is there already is left alone.
    func fetch(_ transaction: Transaction, to path: String, _ counter: TransferCounter) async throws {
        if try Self.isThere(transaction, path) { return counter.add(transaction.body.dataSize) }
        do {
            try await fetchChunks(of: transaction, to: path, counter)
        } catch let failure as ArweaveFailure {
            guard try await fetchWhole(transaction, to: path, counter) else { throw failure }
        }
    }

    /// Whether a download that was interrupted had finished this file.
    private static func isThere(_ transaction: Transaction, _ path: String) throws -> Bool {
        guard access(path, F_OK) == 0 else { return false }
        let file = try DataFile(path: path)
        guard file.size == transaction.body.dataSize else { return false }
        return try file.tree().root == transaction.body.dataRoot
    }

    private func fetchChunks(of transaction: Transaction, to path: String, _ counter: TransferCounter) async throws {
        let reader = try ChunkReader(nodes: nodes, transaction: transaction)
        let file = try PartialFile(path: path, size: reader.size)
        try await fill(file, counter) { offset, start in
            try await reader.chunk(at: offset, startingAt: start)
        }
        try file.finish()
    }

    /// Fetches from one gateway after the other what can be verified only once it is there.
    ///
    /// - Returns: false when no gateway had it.
    private func fetchWhole(
        _ transaction: Transaction, to path: String, _ counter: TransferCounter
    ) async throws -> Bool {
        let (plan, root) = (try ChunkPlan(size: transaction.body.dataSize), transaction.body.dataRoot)
        let gateways = nodes.singly
        let stems = gateways.indices.map { "\(path).gateway-\($0)" }
        for (gateway, stem) in zip(gateways, stems) {
            let file = try PartialFile(path: path, stem: stem, size: plan.size)
            let before = counter.done
            do {
                try await fill(file, counter) { offset, _ in
                    let range = plan.range(containing: offset)
                    let bytes = try await gateway.ask {
                        try await $0.data(of: transaction.id, range, size: plan.size)
                    }
                    return DataPiece(range: range, bytes: bytes, sha256: SHA256.hash(bytes))
                }
            } catch is ArweaveFailure {
                counter.add(before - counter.done)
                continue
            }
            if try file.tree().root == root {
                try file.finish()
                PartialFile.removeRemains(stems + [path])
                return true
            }
            // Wrong bytes, or data that somebody else cut at other places: nothing tells which.
            file.discard()
            counter.add(before - counter.done)
        }
        return false
    }

    /// Asks for pieces until the file is full.
    private func fill(
        _ file: PartialFile, _ counter: TransferCounter,
        _ piece: @escaping @Sendable (_ offset: Int, _ start: Int) async throws -> DataPiece
    ) async throws {
        let plan = try ChunkPlan(size: file.size)
        let disk = DiskQueue()
        counter.add(file.filledCount)
        // Others cut data at other places: then a pass leaves gaps, and the next one asks for what is in them.
        while file.filledCount < file.size {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var started = 0
                for index in 0..<plan.filledCount {
                    guard let gap = file.firstGap(in: plan.range(index)) else { continue }
                    if started >= options.concurrency { try await group.next() }
                    started += 1
                    group.addTask {
                        let chunk = try await piece(gap, index)
                        counter.add(try await disk.run { try file.fill(chunk) })
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
