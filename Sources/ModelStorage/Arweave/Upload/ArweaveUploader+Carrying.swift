import Arweave
import Synchronization

extension ArweaveUploader {
    /// Posts the transactions, sends the chunks that nodes have not taken, waits for confirmation and reads samples back.
    /// After a break it goes on where it was; it never signs anything.
    ///
    /// - Throws: ``ArweaveUploadError``, ``ArweaveFailure``, `ArweaveError`, `CancellationError`.
    public func carryOut(
        _ order: UploadOrder, progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws {
        // All of them first: an anchor ages while chunks travel.
        for item in order.items { try await ensurePosted(item) }
        try await send(order, progress)
        try await confirm(order, progress)
        try await readBack(order, progress)
        if var record = try journal.read() {
            record.is_finished = true
            try journal.write(record)
        }
    }

    /// Gives up the transactions that no node has heard of, so that ``prepare(_:index:progress:)`` asks for a new price:
    /// for when prices have risen since, and nodes refuse what was signed. One that is on its way to a node in this moment
    /// may be paid all the same.
    ///
    /// - Returns: the names of what was given up.
    public func giveUpUnposted(_ order: UploadOrder) async throws -> [String] {
        var names: [String] = []
        for item in order.items where try await status(item.transaction.id) == .unknown {
            try markExpired(item)
            names.append(item.name)
        }
        return names
    }

    // MARK: Transactions

    /// What the best informed node says.
    private func status(_ id: TransactionID) async throws -> ArweaveNode.Status {
        var best = ArweaveNode.Status.unknown
        for start in 0..<nodes.count {
            best = max(best, try await nodes.ask(startingAt: start) { try await $0.status(of: id) })
            if case .confirmed = best { break }
        }
        return best
    }

    private func ensurePosted(_ item: UploadOrder.Item) async throws {
        guard try await status(item.transaction.id) == .unknown else { return }
        do {
            _ = try await nodes.ask { try await $0.post(item.transaction) }
        } catch let failure as ArweaveFailure where failure.reason == .expiredAnchor {
            // A node that has it in a block may well say that its anchor is old.
            guard try await status(item.transaction.id) == .unknown else { return }
            try markExpired(item)
            throw ArweaveUploadError.expired(names: [item.name])
        }
    }

    private func markExpired(_ item: UploadOrder.Item) throws {
        guard var record = try journal.read() else { return }
        record.items = record.items.map { entry in
            var entry = entry
            entry.is_expired = entry.is_expired || entry.name == item.name
            return entry
        }
        try journal.write(record)
    }

    // MARK: Chunks

    private func send(_ order: UploadOrder, _ progress: @escaping @Sendable (TransferProgress) -> Void) async throws {
        let taken = try journal.chunks()
        let counter = TransferCounter(total: order.size, progress)
        var work: [(UploadOrder.Item, Int)] = []
        for item in order.items {
            for index in 0..<item.tree.plan.filledCount {
                if taken.contains(.init(transaction: item.transaction.id, index: index)) {
                    counter.add(item.tree.plan.range(index).count)
                } else {
                    work.append((item, index))
                }
            }
        }
        try await inParallel(work) { item, index in
            try await self.send(index, of: item)
            try self.journal.note(.init(transaction: item.transaction.id, index: index))
            counter.add(item.tree.plan.range(index).count)
        }
    }

    private func send(_ index: Int, of item: UploadOrder.Item) async throws {
        let bytes = try item.source.read(item.tree.plan.range(index))
        let upload = ChunkUpload(index, of: item.tree, bytes: bytes)
        guard item.tree.isChunk(index, bytes) else { throw ArweaveUploadError.fileChanged(name: item.name) }
        do {
            try await seed(upload)
        } catch let failure as ArweaveFailure where failure.reason == .unknownDataRoot {
            // Pools forget a transaction that is in no block for long.
            try await ensurePosted(item)
            try await seed(upload)
        }
    }

    /// Posts a chunk until a node keeps it, or all have passed it on.
    private func seed(_ upload: ChunkUpload) async throws {
        for start in 0..<nodes.count {
            let storing = try await nodes.ask(startingAt: start) { try await $0.post(upload) }
            if storing == .kept { return }
        }
    }

    private func inParallel<Work: Sendable>(
        _ work: [Work], _ body: @escaping @Sendable (Work) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, piece) in work.enumerated() {
                if number >= options.concurrency { try await group.next() }
                group.addTask { try await body(piece) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: The end

    private func confirm(_ order: UploadOrder, _ progress: (TransferProgress) -> Void) async throws {
        var open = order.items
        for poll in 0..<options.polls {
            if poll > 0 { try await nodes.patience.wait(options.pollInterval) }
            var rest: [UploadOrder.Item] = []
            for item in open {
                switch try await status(item.transaction.id) {
                case .confirmed(let number) where number >= options.confirmations: break
                case .unknown:
                    // A pool may have dropped it, or a block was taken back.
                    try await ensurePosted(item)
                    rest.append(item)
                default: rest.append(item)
                }
            }
            open = rest
            progress(
                TransferProgress(
                    phase: .confirming, done: order.items.count - open.count, total: order.items.count))
            if open.isEmpty { return }
        }
        throw ArweaveUploadError.unconfirmed(names: open.map(\.name))
    }

    /// Confirmed does not mean that the chunks are there: asks for some, and sends again what nobody has.
    private func readBack(_ order: UploadOrder, _ progress: @Sendable (TransferProgress) -> Void) async throws {
        var open: [(item: UploadOrder.Item, reader: ChunkReader, index: Int)] = []
        for item in order.items {
            let reader = try ChunkReader(nodes: nodes, transaction: item.transaction)
            open += samples(item).map { (item, reader, $0) }
        }
        let total = open.count
        for round in 0..<nodes.patience.rounds {
            if round > 0 { try await nodes.patience.wait(nodes.patience.delay(before: round, asked: nil)) }
            var missing = open
            missing.removeAll()
            for (number, sample) in open.enumerated() {
                if try await !isRetrievable(sample.index, sample.item, sample.reader) { missing.append(sample) }
                let done = total - open.count + number + 1 - missing.count
                progress(TransferProgress(phase: .checking, done: done, total: total))
            }
            if missing.isEmpty { return }
            for sample in missing { try await send(sample.index, of: sample.item) }
            open = missing
        }
        throw ArweaveUploadError.chunksMissing(count: open.count)
    }

    /// The first, the last and some between.
    private func samples(_ item: UploadOrder.Item) -> [Int] {
        let (count, wanted) = (item.tree.plan.filledCount, max(options.samples, 2))
        return count <= wanted ? Array(0..<count) : (0..<wanted).map { $0 * (count - 1) / (wanted - 1) }
    }

    private func isRetrievable(_ index: Int, _ item: UploadOrder.Item, _ reader: ChunkReader) async throws -> Bool {
        let range = item.tree.plan.range(index)
        do {
            return try await reader.chunk(at: range.lowerBound).range == range
        } catch let failure as ArweaveFailure where failure.remedy != .nothing {
            // Whoever has it may be asked later.
            return false
        }
    }
}

extension DataTree {
    /// Whether these are a chunk's bytes.
    fileprivate func isChunk(_ index: Int, _ bytes: [UInt8]) -> Bool {
        ProvenChunk(path: path(index), root: root, size: plan.size, offset: plan.range(index).lowerBound)?
            .matches(bytes) ?? false
    }
}
