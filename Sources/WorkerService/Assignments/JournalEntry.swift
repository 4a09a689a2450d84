package import Canonical
package import DNAProtocol

/// Something a node does once for a request and round, and never otherwise.
package struct JournalEntry: Hashable, Sendable {
    /// What is remembered.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The committee the node works on.
        case committee
        /// The opening it commits to, and so the vote it may cast.
        case opening
        /// The commitment set it votes in.
        case set
    }

    /// What is remembered.
    package let kind: Kind
    /// Names the kind, request and round.
    package let key: Digest
    /// What was done.
    package let value: Digest

    /// `value`, once, for `request` and `round`.
    package init(_ kind: Kind, request: RequestID, round: Int, value: Digest) {
        self.kind = kind
        let name = request.digest.bytes + withUnsafeBytes(of: UInt64(round).bigEndian, Array.init)
        key = Digest.of("dna/worker-journal/\(kind.rawValue)/1", name)
        self.value = value
    }
}
