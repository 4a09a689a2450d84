public import Cryptography

/// What names a network: who administers it, who signs for it, and how weak its policies may be.
///
/// The network's id is this document's digest, so nothing in it can change afterwards.
public struct Genesis: Codable, Hashable, Sendable, Statement {
    /// `dna/genesis/1`.
    public static let context = "dna/genesis/1"
    /// The most signers a network may have.
    public static let maximumSigners = 64
    /// The most administrators a network may have.
    public static let maximumAdministrators = 64

    /// The version of this format: 1.
    public var version: Int
    /// A name for people, 1 to 64 bytes.
    public var name: String
    /// Whether this is a development network, where a policy may be weaker than is safe.
    public var development: Bool
    /// When it was written.
    public var createdAt: Timestamp
    /// Who signs the roster.
    public var administrators: Administrators
    /// Who holds shares of the group key.
    public var signers: Signers
    /// What every policy must keep.
    public var policyBounds: PolicyBounds
    /// Which models may be served; nil for all.
    public var models: ModelRules?

    enum CodingKeys: String, CodingKey {
        case version, name, development, administrators, signers, models
        case createdAt = "created_at"
        case policyBounds = "policy_bounds"
    }

    /// Puts a genesis together; ``validate()`` checks it.
    public init(
        name: String, development: Bool, createdAt: Timestamp, administrators: Administrators, signers: Signers,
        policyBounds: PolicyBounds, models: ModelRules? = nil
    ) {
        version = 1
        self.name = name
        self.development = development
        self.createdAt = createdAt
        self.administrators = administrators
        self.signers = signers
        self.policyBounds = policyBounds
        self.models = models
    }

    /// Administrators' keys and how many of them must sign a roster.
    public struct Administrators: Codable, Hashable, Sendable {
        /// Distinct Ed25519 keys.
        public var keys: [Ed25519.PublicKey]
        /// How many signatures a roster needs, 1 to the number of keys.
        public var threshold: Int

        /// Names the keys and the threshold.
        public init(keys: [Ed25519.PublicKey], threshold: Int) {
            self.keys = keys
            self.threshold = threshold
        }
    }

    /// The signers and how many of them make a signature.
    public struct Signers: Codable, Hashable, Sendable {
        /// t: how many signers make a group signature.
        public var threshold: Int
        /// The n signers, by ascending identifier from 1.
        public var members: [Signer]

        /// Names the signers and the threshold.
        public init(threshold: Int, members: [Signer]) {
            self.threshold = threshold
            self.members = members
        }
    }

    /// One signer's public identity.
    public struct Signer: Codable, Hashable, Sendable {
        /// The participant's number in threshold signing, from 1.
        public var identifier: Int
        /// Signs key-generation messages.
        public var identity: Ed25519.PublicKey
        /// Receives key-generation shares.
        public var encryption: X25519.PublicKey

        /// Names a signer.
        public init(identifier: Int, identity: Ed25519.PublicKey, encryption: X25519.PublicKey) {
            self.identifier = identifier
            self.identity = identity
            self.encryption = encryption
        }
    }

    /// What every policy on the network must keep.
    public struct PolicyBounds: Codable, Hashable, Sendable {
        /// The largest committee, 1 to 64.
        public var maximumCommittee: Int
        /// How many ranks beyond the committee's size its members may come from.
        public var spareRanks: Int

        enum CodingKeys: String, CodingKey {
            case maximumCommittee = "maximum_committee"
            case spareRanks = "spare_ranks"
        }

        /// Names the bounds.
        public init(maximumCommittee: Int, spareRanks: Int) {
            self.maximumCommittee = maximumCommittee
            self.spareRanks = spareRanks
        }
    }

    /// Checks every rule of the format.
    public func validate() throws(InvalidField) {
        try require(version == 1, "version", "must be 1")
        try require((1...64).contains(name.utf8.count), "name", "must be 1 to 64 bytes")
        try validateAdministrators()
        try validateSigners()
        let bounds = policyBounds
        try require(
            (1...64).contains(bounds.maximumCommittee), "policy_bounds.maximum_committee", "must be 1 to 64")
        try require((0...64).contains(bounds.spareRanks), "policy_bounds.spare_ranks", "must be 0 to 64")
        try models?.validate()
    }

    private func validateAdministrators() throws(InvalidField) {
        let keys = administrators.keys
        try require((1...Self.maximumAdministrators).contains(keys.count), "administrators.keys", "must hold 1 to 64")
        try require(Set(keys).count == keys.count, "administrators.keys", "must be distinct")
        try require(
            (1...keys.count).contains(administrators.threshold), "administrators.threshold",
            "must be 1 to the number of keys")
    }

    private func validateSigners() throws(InvalidField) {
        let members = signers.members
        try require((2...Self.maximumSigners).contains(members.count), "signers.members", "must hold 2 to 64")
        for (index, member) in members.enumerated() {
            try require(
                member.identifier == index + 1, "signers.members[\(index)].identifier", "must count up from 1")
        }
        try require(
            Set(members.map(\.identity)).count == members.count, "signers.members", "identity keys must be distinct")
        try require(
            Set(members.map(\.encryption)).count == members.count, "signers.members",
            "encryption keys must be distinct")
        // With t of n signers a second decision needs 2t − n malicious ones, so t must be more than half.
        try require(
            (2...members.count).contains(signers.threshold) && 2 * signers.threshold > members.count,
            "signers.threshold", "must be at least 2, more than half of the signers and no more than all")
    }

    /// The network's id.
    public func networkID() throws -> NetworkID { try digest() }
}
