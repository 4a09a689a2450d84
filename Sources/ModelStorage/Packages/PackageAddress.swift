public import Arweave
public import ContentAddressing

/// Where a model package can be had: in a folder, or somewhere that need not be trusted.
public enum PackageAddress: Hashable, Sendable, CustomStringConvertible {
    /// A folder of this machine.
    case folder(String)
    /// `ipfs://CID`: from IPFS gateways. The package's id.
    case ipfs(CID)
    /// `ar://ID`: a path manifest on Arweave.
    case arweave(TransactionID)
    /// `https://…#CID`: a folder on a web server. Without the id nothing would tell right bytes from wrong ones.
    case mirror(url: String, id: CID)

    /// Reads an address; what has no scheme is a folder.
    public init(_ text: String) throws(PackageAddressError) {
        switch text.range(of: "://").map({ (text[..<$0.lowerBound], String(text[$0.upperBound...])) }) {
        case ("ipfs", let id)?: self = .ipfs(try Self.id(id))
        case ("ar", let id)?:
            guard let transaction = TransactionID(id) else { throw .noTransaction(text) }
            self = .arweave(transaction)
        case ("http", _)?, ("https", _)?:
            guard let hash = text.lastIndex(of: "#") else { throw .noID(text) }
            let url = String(text[..<hash])
            guard StorageEndpoint(url) != nil else { throw .unusableURL(text) }
            self = .mirror(url: url, id: try Self.id(String(text[text.index(after: hash)...])))
        case (let scheme, _)?: throw .unknownScheme(String(scheme))
        case nil: self = .folder(text)
        }
    }

    /// Reads a package's id: a folder's, in the form a package has it.
    public static func id(_ text: String) throws(PackageAddressError) -> CID {
        let id: CID
        do {
            id = try CID(text)
        } catch {
            throw .unusableID(text, error)
        }
        guard id.isPackageID else { throw .notAFolder(id) }
        return id
    }

    /// The package's id, where the address says it.
    public var id: CID? {
        switch self {
        case .folder, .arweave: nil
        case .ipfs(let id), .mirror(_, let id): id
        }
    }

    /// As it is written on a command line.
    public var description: String {
        switch self {
        case .folder(let path): path
        case .ipfs(let id): "ipfs://\(id)"
        case .arweave(let id): "ar://\(id)"
        case .mirror(let url, let id): "\(url)#\(id)"
        }
    }
}

extension CID {
    /// Whether it can be a package's: version 1 of a node's.
    var isPackageID: Bool { version == .v1 && codec == .dagPB }
}

/// Why a text is no package's address.
public enum PackageAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not an identifier.
    case unusableID(String, CIDError)
    /// The identifier of a bare file, or one of version 0.
    case notAFolder(CID)
    /// Not a transaction's id.
    case noTransaction(String)
    /// A web server's address without the id.
    case noID(String)
    /// Not a URL that can be asked.
    case unusableURL(String)
    /// Something else than `ipfs`, `ar`, `https` or `http`.
    case unknownScheme(String)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .unusableID(let text, let error): "\(text) is \(error)"
        case .notAFolder(let id): "\(id) is no package's id, which begins with bafybei"
        case .noTransaction(let text): "\(text) is not an Arweave transaction's id"
        case .noID(let text):
            "\(text) must end with # and the package's id: nothing else tells whether its bytes are right"
        case .unusableURL(let text): "\(text) is not an http or https URL"
        case .unknownScheme(let scheme): "\(scheme):// is neither ipfs://, ar://, https:// nor http://"
        }
    }
}
