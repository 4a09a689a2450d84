import Foundation

/// Why a node's own state cannot be used.
public enum StateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file cannot be read; the number is `errno`.
    case cannotRead(String, Int32)
    /// A file or folder cannot be written; the number is `errno`.
    case cannotWrite(String, Int32)
    /// A file does not hold what it should.
    case damaged(String)
    /// A file with a secret can be read by others than its owner.
    case readableByOthers(String)
    /// A folder belongs to somebody else, or others may write to it.
    case writableByOthers(String)
    /// A key file holds another kind of key.
    case wrongKind(String, expected: String)
    /// A key file cannot be opened: a wrong passphrase, or the file was altered.
    case cannotOpen(String)

    /// A sentence for the operator; never a secret.
    public var description: String {
        switch self {
        case .cannotRead(let path, let number): "cannot read \(path): \(String(cString: strerror(number)))"
        case .cannotWrite(let path, let number): "cannot write \(path): \(String(cString: strerror(number)))"
        case .damaged(let path): "\(path) is damaged"
        case .readableByOthers(let path): "\(path) can be read by others: chmod 600 it"
        case .writableByOthers(let path): "\(path) must belong to this user and be closed to others: chmod 700 it"
        case .wrongKind(let path, let expected): "\(path) does not hold a \(expected) key"
        case .cannotOpen(let path): "cannot open \(path): wrong passphrase, or the file was altered"
        }
    }
}
