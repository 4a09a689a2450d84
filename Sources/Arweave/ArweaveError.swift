/// Why something is not what Arweave's formats say. Nothing here carries a secret.
public enum ArweaveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Arweave stores no data of no bytes, and none beyond what a transaction can say.
    case unusableSize(Int)
    /// Names and values of a transaction's tags take more bytes than the network allows.
    case tagsTooLarge(bytes: Int, limit: Int)
    /// A transaction's JSON is not one: why.
    case malformedTransaction(reason: String)
    /// A transaction is not the one that was asked for.
    case otherTransaction(expected: TransactionID, actual: TransactionID)
    /// A transaction's signature is not its owner's.
    case wrongSignature(TransactionID)
    /// Data had another size than was said before.
    case otherSize(expected: Int, actual: Int)
    /// A path manifest is not one that is used here: why.
    case malformedManifest(reason: String)
    /// A wallet's file is not a wallet: why.
    case malformedWallet(reason: String)
    /// A wallet's file may be read or written by others.
    case looseWallet(path: String)
    /// The system refused: which call, on which file, with which error number.
    case system(operation: String, path: String, code: Int32)

    /// A sentence for people.
    public var description: String {
        switch self {
        case .unusableSize(let size): "Arweave cannot hold \(size) bytes of data"
        case .tagsTooLarge(let bytes, let limit): "the tags take \(bytes) bytes; \(limit) are allowed"
        case .malformedTransaction(let reason): "not an Arweave transaction: \(reason)"
        case .otherTransaction(let expected, let actual): "asked for transaction \(expected), got \(actual)"
        case .wrongSignature(let id): "the signature of transaction \(id) is not its owner's"
        case .otherSize(let expected, let actual): "expected \(expected) bytes of data, got \(actual)"
        case .malformedManifest(let reason): "not a path manifest: \(reason)"
        case .malformedWallet(let reason): "not an Arweave wallet: \(reason)"
        case .looseWallet(let path): "\(path) can be read by others; say chmod 600 \(path)"
        case .system(let operation, let path, let code): "\(operation) \(path): error \(code)"
        }
    }
}
