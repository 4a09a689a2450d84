public import Cryptography

/// What everybody may know of a group's keys: the group key, each participant's verifying share, the threshold.
///
/// JSON: `{"group_key": hex, "threshold": t, "verifying_shares": [{"participant": 1, "share": hex}, …]}`, ascending.
public struct PublicKeyPackage: Hashable, Sendable {
    /// The key that verifies the group's signatures.
    public let groupKey: Ed25519.PublicKey
    /// How many participants a signature takes.
    public let threshold: Int
    /// Y_i = s_i·B of each participant.
    public let verifyingShares: [ParticipantIdentifier: GroupElement]

    /// Checks that all shares lie on one polynomial of degree threshold − 1 through the group key. Throws
    /// ``ThresholdError/invalidThreshold(_:participants:)``, ``ThresholdError/inconsistentKeys`` or
    /// ``ThresholdError/identityElement``.
    public init(
        groupKey: Ed25519.PublicKey, threshold: Int, verifyingShares: [ParticipantIdentifier: GroupElement]
    ) throws(ThresholdError) {
        guard threshold >= 2, threshold <= verifyingShares.count else {
            throw .invalidThreshold(threshold, participants: verifyingShares.count)
        }
        self.init(trustedGroupKey: groupKey, threshold: threshold, verifyingShares: verifyingShares)
        let points = participants.map { (participant: $0, element: verifyingShares[$0]!) }  // its own keys
        let basis = Array(points.prefix(threshold))
        guard try Polynomial.interpolate(basis, at: .zero) == GroupElement(groupKey) else { throw .inconsistentKeys }
        for point in points.dropFirst(threshold) {
            guard try Polynomial.interpolate(basis, at: point.participant.scalar) == point.element else {
                throw .inconsistentKeys
            }
        }
    }

    /// For keys that were computed from one polynomial.
    init(
        trustedGroupKey groupKey: Ed25519.PublicKey, threshold: Int,
        verifyingShares: [ParticipantIdentifier: GroupElement]
    ) {
        self.groupKey = groupKey
        self.threshold = threshold
        self.verifyingShares = verifyingShares
    }

    /// All participants, ascending.
    public var participants: [ParticipantIdentifier] { verifyingShares.keys.sorted() }
}

extension PublicKeyPackage: Codable {
    private enum CodingKeys: String, CodingKey {
        case groupKey = "group_key"
        case threshold
        case verifyingShares = "verifying_shares"
    }

    private struct Entry: Codable {
        let participant: ParticipantIdentifier
        let share: GroupElement
    }

    /// Reads and checks a package as ``init(groupKey:threshold:verifyingShares:)`` does.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let entries = try container.decode([Entry].self, forKey: .verifyingShares)
        try entries.map(\.participant).requireStrictlyAscending()
        try self.init(
            groupKey: container.decode(Ed25519.PublicKey.self, forKey: .groupKey),
            threshold: container.decode(Int.self, forKey: .threshold),
            verifyingShares: Dictionary(uniqueKeysWithValues: entries.map { ($0.participant, $0.share) }))
    }

    /// Writes the form described above.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(groupKey, forKey: .groupKey)
        try container.encode(threshold, forKey: .threshold)
        let entries = participants.map { Entry(participant: $0, share: verifyingShares[$0]!) }  // its own keys
        try container.encode(entries, forKey: .verifyingShares)
    }
}
