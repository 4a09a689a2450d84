public import Arweave
public import ContentAddressing

/// What a cache can hold.
public enum CacheSubject: Hashable, Sendable, CustomStringConvertible {
    /// A package, by its id.
    case package(CID)
    /// A transaction of Arweave on its way: which package it is shows once all of it is there.
    case transaction(TransactionID)

    /// Reads what ``description`` writes.
    public init(_ text: String) throws(PackageAddressError) {
        if text.hasPrefix("ar://"), case .arweave(let id) = try PackageAddress(text) {
            self = .transaction(id)
        } else {
            self = .package(try PackageAddress.id(text))
        }
    }

    /// A package's id, or `ar://` and the transaction's.
    public var description: String {
        switch self {
        case .package(let id): "\(id)"
        case .transaction(let id): "\(PackageAddress.arweave(id))"
        }
    }
}
