/// The consensus rules a model's constructor chose: how many answer, and how many must agree.
public struct Policy: Codable, Hashable, Sendable {
    /// How members do their work.
    public var mode: Mode
    /// Which agreement is enough.
    public var rule: Rule
    /// For ``Rule/quorum``: how many members must agree. Absent otherwise.
    public var quorum: Int?
    /// How many members the first committee has.
    public var committee: Int
    /// How large the committee may grow when no agreement is found.
    public var maximumCommittee: Int

    enum CodingKeys: String, CodingKey {
        case mode, rule, quorum, committee
        case maximumCommittee = "maximum_committee"
    }

    /// How members do their work.
    public enum Mode: String, Codable, Hashable, Sendable {
        /// Every member generates the answer independently.
        case replicate
    }

    /// Which agreement is enough, as a share of the weight that was asked. Silence counts against.
    public enum Rule: String, Codable, Hashable, Sendable, CaseIterable {
        /// More than half.
        case majority
        /// More than two thirds.
        case supermajority
        /// All.
        case unanimous
        /// More than half, and at least ``Policy/quorum`` members.
        case quorum
    }

    /// Puts a policy together; ``validate(within:)`` checks it.
    public init(
        mode: Mode = .replicate, rule: Rule, quorum: Int? = nil, committee: Int, maximumCommittee: Int? = nil
    ) {
        self.mode = mode
        self.rule = rule
        self.quorum = quorum
        self.committee = committee
        self.maximumCommittee = maximumCommittee ?? committee
    }

    /// Checks the format and the network's bounds.
    ///
    /// A quorum of half the committee or less, or a committee in which two operators cannot meet, is refused
    /// unless the network declares itself a development network.
    public func validate(within genesis: Genesis) throws(InvalidField) {
        try require(committee >= 1, "policy.committee", "must be at least 1")
        try require(maximumCommittee >= committee, "policy.maximum_committee", "must be at least policy.committee")
        let limit = genesis.policyBounds.maximumCommittee
        try require(maximumCommittee <= limit, "policy.maximum_committee", "exceeds the network's bound of \(limit)")
        try validateQuorum()
        guard !genesis.development else { return }
        try require(committee >= 2, "policy.committee", "must be at least 2, so that two operators can agree")
        if let quorum {
            try require(2 * quorum > committee, "policy.quorum", "must be more than half of policy.committee")
        }
    }

    private func validateQuorum() throws(InvalidField) {
        try require(
            (quorum != nil) == (rule == .quorum), "policy.quorum", "goes with the rule quorum, and only with it")
        if let quorum {
            try require(quorum >= 1 && quorum <= committee, "policy.quorum", "must be 1 to policy.committee")
        }
    }

    /// The policy a request resolves to: what the client asked for, if it is at least as strict as this one.
    public func narrowed(by wish: Policy?) throws(InvalidField) -> Policy {
        guard let wish else { return self }
        try require(wish.mode == mode, "policy.mode", "is not the model's")
        try require(wish.committee >= committee, "policy.committee", "is below the model's")
        try require(
            wish.maximumCommittee <= max(maximumCommittee, wish.committee), "policy.maximum_committee",
            "is above the model's")
        try wish.validateQuorum()
        try require(wish.isAtLeastAsStrict(as: self), "policy.rule", "is weaker than the model's")
        return wish
    }

    /// k/n ≥ k′/n′: the same share of a committee that may be larger. Not true of numbers too large to be meant.
    private static func isShare(_ quorum: Int?, of size: Int, atLeast other: Int?, of otherSize: Int) -> Bool {
        guard let quorum, let other, quorum <= size else { return false }
        let (left, right) = (
            quorum.multipliedReportingOverflow(by: otherSize), other.multipliedReportingOverflow(by: size)
        )
        return !left.overflow && !right.overflow && left.partialValue >= right.partialValue
    }

    private func isAtLeastAsStrict(as other: Policy) -> Bool {
        switch (rule, other.rule) {
        case (.unanimous, _), (.majority, .majority), (.supermajority, .majority), (.supermajority, .supermajority):
            true
        case (.quorum, .majority):
            // On a development network a quorum may be half of the committee or less.
            Self.isShare(quorum, of: committee, atLeast: committee / 2 + 1, of: committee)
        case (.quorum, .quorum):
            Self.isShare(quorum, of: committee, atLeast: other.quorum, of: other.committee)
        default: false
        }
    }
}
