public import ContentAddressing

/// Why something was not stored or not fetched.
public enum StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A server refused, or did not do what it was asked. `doing` says what that was.
    case server(String, doing: String, reason: String)
    /// A server stayed away after all attempts.
    case unreachable(String, doing: String, reason: String)
    /// A server did not keep the package as a whole.
    case notKept(String, root: CID, reason: String)
    /// No gateway has a block; what each said.
    case unavailable(CID, answers: [String])
    /// Every gateway gave wrong bytes.
    case noHonestGateway(answers: [String])
    /// What was fetched is not acceptable.
    case refused(DAGError)
    /// The disk.
    case disk(path: String, reason: String)
    /// Less room than the package needs.
    case noRoom(path: String, needed: UInt64, free: UInt64)
    /// Something is where the package should come.
    case exists(path: String)
    /// Another process fetches to the same place.
    case busy(path: String)
    /// An address for which nobody was named who could be asked.
    case noSource(address: String, option: String)
    /// What is there is no package.
    case notAPackage(name: String, reason: String)
    /// A whole that has another id than it was asked for.
    case otherPackage(wanted: CID, found: CID, server: String)
    /// More than the cache may hold, even without all that nobody uses.
    case cacheTooSmall(needed: Int, used: Int, limit: Int)
    /// A package that is not removed while processes use it.
    case inUse(CacheSubject)
    /// A folder that others could have written to.
    case writableByOthers(path: String)

    /// What happened and what can be done, for the operator.
    public var description: String {
        switch self {
        case .server(let server, let doing, let reason): "\(server) failed at \(doing): \(reason)"
        case .unreachable(let server, let doing, let reason):
            "\(server) cannot be reached for \(doing): \(reason). Run the command again to go on where it stopped"
        case .notKept(let server, let root, let reason):
            "\(server) has not kept \(root): \(reason). Run the command again to send what is missing"
        case .unavailable(let cid, let answers):
            "no gateway gave block \(cid): \(answers.joined(separator: "; ")). Try again later or add a gateway"
        case .noHonestGateway(let answers):
            "every gateway gave wrong bytes: \(answers.joined(separator: "; ")). Use another gateway"
        case .refused(let error): "the package is refused: \(error)"
        case .disk(let path, let reason): "cannot write \(path): \(reason)"
        case .noRoom(let path, let needed, let free):
            "\(path) needs \(needed / 1_000_000) MB and its disk has \(free / 1_000_000) MB left"
        case .exists(let path): "\(path) is there already"
        case .busy(let path): "another process is fetching to \(path)"
        case .noSource(let address, let option): "nobody was named who could have \(address): use \(option)"
        case .notAPackage(let name, let reason): "\(name) is no model package: \(reason)"
        case .otherPackage(let wanted, let found, let server):
            "\(server) has package \(found), not \(wanted); nothing of it was kept. Get it elsewhere"
        case .cacheTooSmall(let needed, let used, let limit):
            "the package has \(needed) bytes, what is in use \(used), and the cache may hold \(limit): "
                + "raise --model-cache-limit"
        case .inUse(let subject): "\(subject) is in use"
        case .writableByOthers(let path): "\(path) must belong to this user, and nobody else may write to it"
        }
    }
}
