import Consensus
package import Cryptography
package import DNAProtocol

/// What an assignment must satisfy before a node works on it. Every refusal is the sender's fault.
package struct AssignmentCheck: Sendable {
    private let genesis: Genesis
    private let network: NetworkID
    private let node: Ed25519.PublicKey
    private var manifests: [ModelID: Manifest]
    private var roster: Roster?

    /// Checks what is sent to `node`, which serves `models`. Committees drawn from `roster`, when there is one, are
    /// held against its ranking; one of another epoch cannot be.
    package init(genesis: Genesis, node: Ed25519.PublicKey, models: [PublishedModel], roster: Roster?) throws {
        self.genesis = genesis
        network = try genesis.networkID()
        self.node = node
        manifests = Self.manifests(of: models)
        self.roster = roster
    }

    /// The same, for a node that serves these models, with committees held against this epoch.
    package func serving(_ models: [PublishedModel], against roster: Roster?) -> AssignmentCheck {
        var check = self
        check.manifests = Self.manifests(of: models)
        check.roster = roster
        return check
    }

    private static func manifests(of models: [PublishedModel]) -> [ModelID: Manifest] {
        Dictionary(models.map { ($0.id, $0.manifest) }) { first, _ in first }
    }

    /// Throws ``InvalidField`` that names what is wrong.
    package func check(_ assignment: Assignment) throws {
        let request = assignment.request
        try request.validate()
        try require(request.network == network, "request.network", "is not this network")
        guard let manifest = manifests[request.model] else {
            throw InvalidField("request.model", "is not served by this node")
        }
        try request.policy.validate(within: genesis)
        try manifest.check(request)
        try check(assignment.committee, for: request)
    }

    private func check(_ committee: Committee, for request: Request) throws {
        let requestID = try request.requestID()
        try require(committee.version == 1, "committee.version", "must be 1")
        try require(committee.network == network, "committee.network", "is not this network")
        try require(committee.request == requestID, "committee.request", "is not this request")
        try require(
            (1...Committee.maximumRound).contains(committee.round), "committee.round",
            "must be 1 to \(Committee.maximumRound)")
        try require(
            committee.hasSize(of: request.policy), "committee.members",
            "are not as many as the policy and the round ask for")
        try require(committee.member(node) != nil, "committee.members", "do not include this node")
        guard let roster, try roster.rosterID() == committee.roster else { return }
        let ranking = CommitteeRanking(of: roster, randomness: Randomness(of: request, id: requestID).ranking)
        try require(
            ranking.admits(committee.members, spareRanks: genesis.policyBounds.spareRanks), "committee.members",
            "are not drawn from the request's ranking")
    }
}

/// Throws ``InvalidField`` unless `condition` holds.
func require(
    _ condition: @autoclosure () throws -> Bool, _ field: String, _ reason: @autoclosure () -> String
) throws {
    if try !condition() { throw InvalidField(field, reason()) }
}
