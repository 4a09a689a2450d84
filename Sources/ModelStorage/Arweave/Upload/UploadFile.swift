public import Arweave

/// A file to be stored.
public struct UploadFile: Hashable, Sendable {
    /// Its path in the package.
    public let name: String
    /// Where it lies now.
    public let path: String
    /// What it is, for gateways: `application/octet-stream`.
    public let contentType: String

    /// A file to be stored.
    public init(name: String, path: String, contentType: String = "application/octet-stream") {
        self.name = name
        self.path = path
        self.contentType = contentType
    }
}

/// What storing a package would cost. Nothing is signed or spent before a quote was accepted.
public struct ArweaveQuote: Sendable {
    /// A transaction that would be paid.
    public struct Item: Hashable, Sendable {
        /// The file's path in the package; for the last one of several, `paths`.
        public let name: String
        /// In bytes.
        public let size: Int
        /// What the network asks.
        public let price: Winston
    }

    /// All that would be paid.
    public let items: [Item]
    /// Who would pay.
    public let payer: WalletAddress
    let parts: [UploadPart]
    let layout: PackageLayout

    /// The sum of the prices.
    public var total: Winston { items.reduce(.zero) { $0 + $1.price } }

    /// Says yes to paying ``total``. To be called once somebody has seen it.
    public func accept() -> AcceptedQuote { AcceptedQuote(quote: self) }
}

/// A quote that somebody said yes to.
public struct AcceptedQuote: Sendable {
    /// What was accepted.
    public let quote: ArweaveQuote
}

/// What a look at the files and the journal of their upload shows.
public enum UploadPreparation: Sendable {
    /// Something has to be paid.
    case unpaid(ArweaveQuote)
    /// Everything is signed and journalled; the rest costs nothing.
    case ordered(UploadOrder)
}

/// A transaction that is to be or was made: what it holds and, once there is one, the signed transaction.
struct UploadPart: Sendable {
    enum Source: Sendable {
        case file(DataFile)
        /// The path manifest, which names the other parts' transactions.
        case manifest
    }

    let name: String
    let contentType: String
    let source: Source
    let size: Int
    /// Nil for the manifest until the other transactions are there.
    var tree: DataTree?
    var transaction: Transaction?
    var price: Winston
}

/// A package whose transactions are signed and journalled, so that carrying it out costs nothing that was not accepted,
/// however often it begins anew.
public struct UploadOrder: Sendable {
    struct Item: Sendable {
        let name: String
        let source: ChunkSource
        let tree: DataTree
        let transaction: Transaction
    }

    let items: [Item]

    /// The id of the package: its path manifest's transaction, or its only file's.
    public var packageID: TransactionID { items.last!.transaction.id }  // an order is never empty

    /// The bytes that have to be sent in all.
    public var size: Int { items.reduce(0) { $0 + $1.tree.plan.size } }

    /// The transactions by what they hold.
    public var transactions: [(name: String, id: TransactionID)] { items.map { ($0.name, $0.transaction.id) } }
}

/// Where chunks are read from.
enum ChunkSource: Sendable {
    case file(DataFile)
    case bytes([UInt8])

    func read(_ range: Range<Int>) throws(ArweaveError) -> [UInt8] {
        switch self {
        case .file(let file): try file.read(range)
        case .bytes(let bytes): Array(bytes[range])
        }
    }
}
