public import Arweave
import Synchronization

/// Stores packages on Arweave: quote, order, upload, confirmation; each step can be begun anew after a break.
public final class ArweaveUploader: Sendable {
    /// How an upload behaves.
    public struct Options: Sendable {
        /// Chunks on their way at the same time.
        public var concurrency = 8
        /// Blocks on a transaction's block, itself included, that count as certainty.
        public var confirmations = 3
        /// The wait between two looks at what is not confirmed.
        public var pollInterval: Duration = .seconds(30)
        /// Looks in all.
        public var polls = 480
        /// Chunks of each transaction that are read back in the end, spread evenly.
        public var samples = 16
        /// Tags of every transaction beside `Content-Type`.
        public var tags = [TransactionTag("App-Name", "dna")]

        /// The numbers above.
        public init() {}
    }

    /// The name of the path manifest among the items of a quote.
    static let manifestName = "paths"

    let nodes: ArweaveNodes
    let options: Options
    let journal: UploadJournal
    private let wallet: Wallet

    /// An uploader that keeps its journal in a folder; one process at a time.
    ///
    /// Throws ``ArweaveUploadError/journalInUse(path:)``.
    public init(
        nodes: ArweaveNodes, wallet: Wallet, journal folder: String, options: Options = Options()
    ) throws(ArweaveUploadError) {
        self.nodes = nodes
        self.wallet = wallet
        self.options = options
        journal = try UploadJournal(folder: folder)
    }

    /// Hashes the files, and says what is to be paid, or that all of it was ordered before.
    ///
    /// - Parameter index: the file that stands for the package itself, for gateways.
    /// - Throws: ``ArweaveUploadError``, ``ArweaveFailure``, `ArweaveError`.
    public func prepare(
        _ files: [UploadFile], index: String? = nil, progress: @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> UploadPreparation {
        var parts = try hash(files, progress)
        // The ids in it are not known, but how long they are.
        let anyID = TransactionID(bytes: [UInt8](repeating: 0, count: 32))!  // 32 bytes
        let layout = PackageLayout(names: files.map(\.name), index: index)
        if files.count > 1 {
            let size = try layout.manifest(ids: files.map { _ in anyID }).json().count
            parts.append(
                UploadPart(
                    name: Self.manifestName, contentType: PathManifest.contentType, source: .manifest, size: size,
                    price: .zero))
        } else if index != nil, index != files.first?.name {
            throw ArweaveUploadError.unusableFiles(reason: "the index is not one of the files")
        }
        try adopt(try journal.read(), into: &parts, layout)
        if parts.allSatisfy({ $0.transaction != nil }) { return .ordered(try order(parts, layout)) }
        for index in parts.indices where parts[index].transaction == nil {
            let size = parts[index].size
            parts[index].price = try await nodes.ask { try await $0.price(bytes: size) }
        }
        let items = parts.filter { $0.transaction == nil }.map {
            ArweaveQuote.Item(name: $0.name, size: $0.size, price: $0.price)
        }
        return .unpaid(ArweaveQuote(items: items, payer: wallet.address, parts: parts, layout: layout))
    }

    /// Signs what was accepted and puts it into the journal; it is on the disk when this returns. Nothing is posted yet.
    ///
    /// - Throws: ``ArweaveUploadError``, ``ArweaveFailure``.
    public func order(_ accepted: AcceptedQuote) async throws -> UploadOrder {
        let quote = accepted.quote
        let anchor = try await nodes.anchor()
        var parts = quote.parts
        for index in parts.indices where parts[index].transaction == nil {
            if case .manifest = parts[index].source {
                parts[index].tree = try DataTree(
                    of: quote.layout.manifest(ids: parts.compactMap(\.transaction?.id)).json())
            }
            let tree = parts[index].tree!  // a file's tree is there from the beginning, the manifest's from above
            let tags = [TransactionTag("Content-Type", parts[index].contentType)] + options.tags
            parts[index].transaction = try TransactionBody(
                storing: tree.root, size: tree.plan.size, tags: tags, reward: parts[index].price, anchor: anchor,
                owner: wallet.publicKey
            ).signed(by: wallet)
        }
        try journal.write(UploadJournal.Record(parts))
        try journal.keepChunks(of: Set(parts.compactMap(\.transaction?.id)))
        return try order(parts, quote.layout)
    }

    private func hash(
        _ files: [UploadFile], _ progress: (TransferProgress) -> Void
    ) throws -> [UploadPart] {
        guard !files.isEmpty, Set(files.map(\.name)).count == files.count else {
            throw ArweaveUploadError.unusableFiles(reason: "there are no files, or two of the same name")
        }
        let opened = try files.map { try DataFile(path: $0.path) }
        let total = opened.reduce(0) { $0 + $1.size }
        var before = 0
        return try zip(files, opened).map { file, data in
            let tree = try data.tree { done in
                try Task.checkCancellation()
                progress(TransferProgress(phase: .hashing, done: before + done, total: total))
            }
            before += data.size
            return UploadPart(
                name: file.name, contentType: file.contentType, source: .file(data), size: data.size, tree: tree,
                price: .zero)
        }
    }

    /// Takes the transactions of the journal for parts that they were made for.
    private func adopt(
        _ record: UploadJournal.Record?, into parts: inout [UploadPart], _ layout: PackageLayout
    ) throws {
        guard let record else { return }
        let transactions = try record.items.map { item throws(ArweaveError) in
            try Transaction(json: Array(item.transaction.utf8))
        }
        let isSame =
            record.items.map(\.name) == parts.map(\.name)
            && zip(parts, transactions).allSatisfy { $0.tree == nil || $0.tree?.root == $1.body.dataRoot }
        guard isSame else {
            // Nothing is lost with an upload that is complete, or that never came to the network.
            if record.is_finished || record.items.allSatisfy(\.is_expired) { return }
            throw ArweaveUploadError.otherUpload(journal: journal.folder)
        }
        for (index, item) in record.items.enumerated() where !item.is_expired {
            guard transactions[index].address == wallet.address else {
                throw ArweaveUploadError.otherWallet(expected: transactions[index].address, actual: wallet.address)
            }
            parts[index].transaction = transactions[index]
        }
        guard case .manifest? = parts.last?.source, let last = parts.last?.transaction else { return }
        // It names the others: with one of them replaced it is another manifest.
        let ids = parts.dropLast().compactMap(\.transaction?.id)
        let tree = ids.count + 1 == parts.count ? try DataTree(of: layout.manifest(ids: ids).json()) : nil
        parts[parts.count - 1].transaction = tree?.root == last.body.dataRoot ? last : nil
        parts[parts.count - 1].tree = tree
    }

    private func order(_ parts: [UploadPart], _ layout: PackageLayout) throws -> UploadOrder {
        let ids = parts.compactMap(\.transaction?.id)
        let items = try parts.map { part in
            let source: ChunkSource =
                switch part.source {
                case .file(let file): .file(file)
                case .manifest: .bytes(try layout.manifest(ids: Array(ids.dropLast())).json())
                }
            guard let tree = part.tree, let transaction = part.transaction else {
                throw ArweaveUploadError.unusableFiles(reason: "\(part.name) has no transaction")
            }
            return UploadOrder.Item(name: part.name, source: source, tree: tree, transaction: transaction)
        }
        return UploadOrder(items: items)
    }
}

/// The names in a package, from which its path manifest follows once the transactions are there.
struct PackageLayout: Sendable {
    let names: [String]
    let index: String?

    func manifest(ids: [TransactionID]) throws(ArweaveError) -> PathManifest {
        try PathManifest(files: Dictionary(uniqueKeysWithValues: zip(names, ids)), index: index)
    }
}

extension UploadJournal.Record {
    /// Parts that all have their transactions.
    init(_ parts: [UploadPart]) {
        let items = parts.compactMap { part in
            part.transaction.map { transaction in
                Item(
                    name: part.name, size: part.size, transaction: String(decoding: transaction.json(), as: UTF8.self),
                    is_expired: false)
            }
        }
        self.init(version: 1, items: items, is_finished: false)
    }
}
