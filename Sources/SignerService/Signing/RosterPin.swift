package import DNAProtocol

/// The newest roster epoch a signer has seen. It never goes back.
package struct RosterPin: Hashable, Sendable {
    /// The epoch.
    package private(set) var current: SignedRoster
    private var id: RosterID

    /// What a roster is to the pinned one.
    package enum Relation: Hashable, Sendable {
        /// The same.
        case same
        /// Newer, and properly signed: it is to be pinned.
        case newer
        /// An epoch that is over.
        case older
        /// Another roster of the same epoch, or one that does not follow.
        case contradictory
    }

    /// Pins `roster` after checking it.
    package init(_ roster: SignedRoster, in genesis: Genesis) throws {
        try roster.validate(in: genesis)
        current = roster
        id = try roster.roster.rosterID()
    }

    /// Compares `roster` with the pinned one. Throws ``InvalidField`` when it is newer and not properly signed.
    ///
    /// An epoch that follows at once must name the pinned one. One further ahead is taken on its administrators' word:
    /// a signer that was away must be able to catch up.
    package func relation(of roster: SignedRoster, in genesis: Genesis) throws -> Relation {
        let other = roster.roster
        if other.epoch == current.roster.epoch { return try other.rosterID() == id ? .same : .contradictory }
        if other.epoch < current.roster.epoch { return .older }
        try roster.validate(in: genesis)
        return other.epoch == current.roster.epoch + 1 && other.previous != id ? .contradictory : .newer
    }

    /// Pins a roster whose relation is ``Relation/newer``.
    package mutating func advance(to roster: SignedRoster) throws {
        id = try roster.roster.rosterID()
        current = roster
    }
}
