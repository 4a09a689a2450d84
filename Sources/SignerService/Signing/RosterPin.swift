package import DNAProtocol

/// The newest roster epoch a signer has seen, and the ids of those before it. It never goes back.
package struct RosterPin: Hashable, Sendable {
    /// How many epochs are remembered by their ids.
    package static let memory = 64

    /// An epoch that was seen, or named by one that was.
    package struct Epoch: Codable, Hashable, Sendable {
        /// Its number.
        package var number: Int
        /// Its id.
        package var roster: RosterID

        enum CodingKeys: String, CodingKey {
            case number = "epoch"
            case roster
        }
    }

    /// The epoch.
    package private(set) var current: SignedRoster
    /// The last epochs known, ascending, the pinned one among them; some may be missing.
    package private(set) var known: [Epoch]
    /// The pinned epoch's id.
    package private(set) var id: RosterID

    /// What a roster is to the pinned one.
    package enum Relation: Hashable, Sendable {
        /// The same.
        case same
        /// Newer, and properly signed: it is to be pinned.
        case newer
        /// An epoch that is over, and is remembered.
        case past
        /// An epoch that is over, and was never heard of or is forgotten.
        case unknown
        /// Another roster of a known epoch, or one that does not follow.
        case contradictory
    }

    /// Pins `roster` after checking it; `known` is what was remembered before.
    package init(_ roster: SignedRoster, known: [Epoch] = [], in genesis: Genesis) throws {
        try roster.validate(in: genesis)
        current = roster
        id = try roster.roster.rosterID()
        self.known = known
        remember()
    }

    /// Compares `roster` with the pinned one. Throws ``InvalidField`` when it is newer and not properly signed.
    ///
    /// An epoch that follows at once must name the pinned one. One further ahead is taken on its administrators' word:
    /// a signer that was away must be able to catch up.
    package func relation(of roster: SignedRoster, in genesis: Genesis) throws -> Relation {
        let other = roster.roster
        if other.epoch == current.roster.epoch { return try other.rosterID() == id ? .same : .contradictory }
        if other.epoch < current.roster.epoch {
            guard let seen = known.first(where: { $0.number == other.epoch }) else { return .unknown }
            return try other.rosterID() == seen.roster ? .past : .contradictory
        }
        try roster.validate(in: genesis)
        return other.epoch == current.roster.epoch + 1 && other.previous != id ? .contradictory : .newer
    }

    /// Pins a roster whose relation is ``Relation/newer``.
    package mutating func advance(to roster: SignedRoster) throws {
        id = try roster.roster.rosterID()
        current = roster
        remember()
    }

    /// The latest epoch before the pinned one that would be remembered and is not known; nil for none.
    package var missing: Int? {
        let number = current.roster.epoch
        let numbers = Set(known.map(\.number))
        return (max(1, number - Self.memory + 1)..<number).last { !numbers.contains($0) }
    }

    /// Learns from a roster whose relation is ``Relation/past`` which epoch came before it. Its id is known, so no
    /// signature is needed: from the pinned epoch back, each names the one before. False unless that is the one
    /// that is missing.
    package mutating func learn(from past: Roster) -> Bool {
        guard past.epoch - 1 == missing, let previous = past.previous else { return false }
        known.append(Epoch(number: past.epoch - 1, roster: previous))
        known.sort { $0.number < $1.number }
        return true
    }

    private mutating func remember() {
        let number = current.roster.epoch
        var epochs = Dictionary(known.map { ($0.number, $0) }) { first, _ in first }
        // A chain: an epoch vouches for the one before.
        if let previous = current.roster.previous { epochs[number - 1] = Epoch(number: number - 1, roster: previous) }
        epochs[number] = Epoch(number: number, roster: id)
        known = epochs.values.filter { $0.number <= number }.sorted { $0.number < $1.number }.suffix(Self.memory)
    }
}
