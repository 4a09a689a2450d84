/// What a store finds out beyond the database's own errors.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stored document is not what its column says; somebody else wrote it.
    case documentInvalid(table: String)
    /// Somebody else owns the request by now: whatever its former owner wanted to write is void.
    case leaseLost
    /// The database belongs to another network.
    case networkMismatch
    /// The database's network file is another one.
    case networkFileMismatch
    /// The roster is not the stored epoch nor its successor.
    case rosterRefused(stored: Int, offered: Int)
    /// Too many nodes wait for an administrator, or too many with the same invitation.
    case tooManyApplications
    /// Too many different epochs are proposed at once.
    case tooManyProposals
    /// The administrators have said something later of the model or of its alias.
    case registrationRefused
    /// The database belongs to no network yet: no aggregator has been there.
    case networkUnknown

    /// One line for a log; never a document.
    public var description: String {
        switch self {
        case .documentInvalid(let table): "a document in \(table) is invalid"
        case .leaseLost: "the lease on the request was lost"
        case .networkMismatch: "the database belongs to another network"
        case .networkFileMismatch: "the database holds another network file"
        case .rosterRefused(let stored, let offered):
            "roster epoch \(offered) does not follow the stored epoch \(stored)"
        case .tooManyApplications: "too many nodes wait for an administrator"
        case .tooManyProposals: "too many roster epochs are proposed"
        case .registrationRefused: "a later registration of the model or of the alias is there"
        case .networkUnknown: "the database belongs to no network yet"
        }
    }
}
