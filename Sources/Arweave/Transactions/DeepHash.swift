import Cryptography

/// What a transaction's signature is made over: SHA-384 of nested lists of byte strings.
///
/// A string hashes to H(H("blob" ‖ its length) ‖ H(its bytes)). A list starts with H("list" ‖ its count) and takes in each
/// item's hash by H(so far ‖ item). Numbers are decimal text.
public indirect enum DeepHash: Hashable, Sendable {
    /// A byte string.
    case blob([UInt8])
    /// A list.
    case list([DeepHash])

    /// A text's UTF-8.
    public static func text(_ text: String) -> DeepHash { .blob([UInt8](text.utf8)) }

    /// 48 bytes.
    public var digest: [UInt8] {
        switch self {
        case .blob(let bytes):
            SHA384.hash(SHA384.hash([UInt8]("blob\(bytes.count)".utf8)) + SHA384.hash(bytes))
        case .list(let items):
            items.reduce(SHA384.hash([UInt8]("list\(items.count)".utf8))) { SHA384.hash($0 + $1.digest) }
        }
    }
}
