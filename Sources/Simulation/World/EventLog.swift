package import Canonical
import Cryptography

/// Who did something, or to whom it was done.
package enum Place: Hashable, Sendable, CustomStringConvertible {
    /// A worker, by its number in the town.
    case worker(Int)
    /// An aggregator replica.
    case aggregator(Int)
    /// A signer, by its identifier.
    case signer(Int)
    /// The coordinators' database.
    case database
    /// Whoever has an aggregator in its hands.
    case attacker
    /// The network's administrators.
    case administrator
    /// Who asks.
    case client

    /// A word and a number.
    package var description: String {
        switch self {
        case .worker(let number): "worker-\(number)"
        case .aggregator(let number): "aggregator-\(number)"
        case .signer(let number): "signer-\(number)"
        case .database: "database"
        case .attacker: "attacker"
        case .administrator: "administrator"
        case .client: "client"
        }
    }

    var code: UInt16 {
        switch self {
        case .worker(let number): UInt16(1_000 + number)
        case .aggregator(let number): UInt16(2_000 + number)
        case .signer(let number): UInt16(3_000 + number)
        case .database: 1
        case .attacker: 2
        case .administrator: 3
        case .client: 4
        }
    }
}

/// Everything that happened, in order.
package struct EventLog: Sendable {
    /// One thing that happened.
    package struct Entry: Sendable, CustomStringConvertible {
        let moment: Int64
        let place: Place
        let what: StaticString
        let numbers: (Int, Int)

        /// `12.345 worker-3 sends a commitment 0 1`: seconds, who, what, and which request and round as a rule.
        package var description: String {
            let fraction = String(moment % 1_000)
            let padding = String(repeating: "0", count: 3 - fraction.count)
            return "\(moment / 1_000).\(padding)\(fraction) \(place) \(what) \(numbers.0) \(numbers.1)"
        }
    }

    /// Oldest first.
    package private(set) var entries: [Entry] = []

    mutating func add(_ entry: Entry) { entries.append(entry) }

    /// What two runs must have in common to be the same run.
    package var digest: Digest {
        var hash = SHA256()
        var bytes: [UInt8] = []
        for entry in entries {
            for number in [entry.moment, Int64(entry.place.code), Int64(entry.numbers.0), Int64(entry.numbers.1)] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
            entry.what.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }
        hash.update(bytes)
        return Digest(hash)
    }
}
