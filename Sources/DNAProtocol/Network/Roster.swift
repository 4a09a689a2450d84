public import Cryptography

/// One epoch of the list of nodes that may vote: node key, operator, status; and each operator's weight.
public struct Roster: Codable, Hashable, Sendable, Statement {
    /// `dna/roster/1`.
    public static let context = "dna/roster/1"
    /// The most nodes an epoch may list.
    public static let maximumNodes = 10_000
    /// The most operators an epoch may list.
    public static let maximumOperators = 10_000
    /// The most invitations an epoch may count forgotten uses of.
    public static let maximumSpentInvitations = 10_000
    /// For how many epochs a node that left stays listed: as many as signers remember.
    public static let epochsListedAfterLeaving = 64
    /// The largest weight of an operator.
    public static let maximumWeight = 100

    /// The version of this format: 1.
    public var version: Int
    /// The network it belongs to.
    public var network: NetworkID
    /// Counts up from 1.
    public var epoch: Int
    /// The epoch before; absent in the first.
    public var previous: RosterID?
    /// The operators, by ascending name.
    public var operators: [Operator]
    /// The nodes, by ascending key.
    public var nodes: [Node]
    /// Uses of invitations by nodes that are not listed any more, by ascending invitation; absent for none.
    public var spent: [SpentInvitation]?

    /// Puts an epoch together, in canonical order; ``validate(in:)`` checks it.
    public init(
        network: NetworkID, epoch: Int, previous: RosterID?, operators: [Operator], nodes: [Node],
        spent: [SpentInvitation] = []
    ) {
        version = 1
        self.network = network
        self.epoch = epoch
        self.previous = previous
        self.operators = operators.sorted { $0.name < $1.name }
        self.nodes = nodes.sorted { $0.key < $1.key }
        self.spent = spent.isEmpty ? nil : spent.sorted { $0.invitation < $1.invitation }
    }

    /// Who runs nodes. Weight belongs to the operator: more nodes bring throughput, not votes.
    public struct Operator: Codable, Hashable, Sendable {
        /// A name: 1 to 64 of a-z, 0-9, `-`, `.` and `_`.
        public var name: String
        /// 1 to 100.
        public var weight: Int
        /// Signs invitations of its own nodes; absent when only administrators invite for it. No two operators share one.
        public var key: Ed25519.PublicKey?

        /// Names an operator.
        public init(name: String, weight: Int, key: Ed25519.PublicKey? = nil) {
            self.name = name
            self.weight = weight
            self.key = key
        }
    }

    /// A node that may be asked to vote.
    public struct Node: Codable, Hashable, Sendable {
        /// Its Ed25519 identity.
        public var key: Ed25519.PublicKey
        /// The name of its operator.
        public var `operator`: String
        /// Whether its votes count.
        public var status: Status
        /// The invitation it came by; absent for one that needed none. So everybody can count an invitation's uses.
        public var invitation: InvitationID?
        /// The epoch in which it left; only for a node that has.
        public var leftIn: Int?

        enum CodingKeys: String, CodingKey {
            case key, `operator`, status, invitation
            case leftIn = "left_in"
        }

        /// Lists a node.
        public init(
            key: Ed25519.PublicKey, operator: String, status: Status = .active, invitation: InvitationID? = nil,
            leftIn: Int? = nil
        ) {
            self.key = key
            self.operator = `operator`
            self.status = status
            self.invitation = invitation
            self.leftIn = leftIn
        }
    }

    /// How often an invitation was used by nodes that are not listed any more.
    public struct SpentInvitation: Codable, Hashable, Sendable {
        /// The invitation.
        public var invitation: InvitationID
        /// By how many nodes, at least 1.
        public var uses: Int

        /// Counts uses.
        public init(invitation: InvitationID, uses: Int) {
            self.invitation = invitation
            self.uses = uses
        }
    }

    /// Whether a node's votes count.
    public enum Status: String, Codable, Hashable, Sendable {
        /// It may be put on committees.
        case active
        /// It may not: it has left. It stays listed for some epochs, and may come back.
        case left
        /// It may not, and never again.
        case revoked
    }

    /// Checks every rule of the format.
    public func validate(in network: NetworkID) throws(InvalidField) {
        try require(version == 1, "version", "must be 1")
        try require(self.network == network, "network", "is not this network")
        try require(epoch >= 1 && epoch < 1 << 53, "epoch", "must be at least 1")
        try require((previous == nil) == (epoch == 1), "previous", "must be present except in epoch 1")
        try require(nodes.count <= Self.maximumNodes, "nodes", "must hold at most \(Self.maximumNodes)")
        try require(
            operators.count <= Self.maximumOperators, "operators", "must hold at most \(Self.maximumOperators)")
        try validateOperators()
        let names = Set(operators.map(\.name))
        for (index, node) in nodes.enumerated() {
            // A name's form first: only short ASCII is cheap to look up, and equal only to the same bytes.
            try require(
                Self.isName(node.operator) && names.contains(node.operator), "nodes[\(index)].operator",
                "is not among the operators")
            try require(
                index == 0 || nodes[index - 1].key < node.key, "nodes[\(index)].key", "must be in ascending order")
            try require(
                node.leftIn.map { node.status == .left && (1...epoch).contains($0) } ?? true, "nodes[\(index)].left_in",
                "is for a node that has left, in this epoch or before")
        }
        try validateSpent()
    }

    private func validateSpent() throws(InvalidField) {
        guard let spent else { return }
        try require(
            (1...Self.maximumSpentInvitations).contains(spent.count), "spent",
            "must hold 1 to \(Self.maximumSpentInvitations)")
        for (index, entry) in spent.enumerated() {
            try require(
                (1...Invitation.maximumUses).contains(entry.uses), "spent[\(index)].uses",
                "must be 1 to \(Invitation.maximumUses)")
            try require(
                index == 0 || spent[index - 1].invitation < entry.invitation, "spent[\(index)].invitation",
                "must be in ascending order")
        }
    }

    private func validateOperators() throws(InvalidField) {
        var keys: Set<Ed25519.PublicKey> = []
        for (index, entry) in operators.enumerated() {
            let field = "operators[\(index)]"
            try require(Self.isName(entry.name), "\(field).name", "must be 1 to 64 of a-z, 0-9, '-', '.' and '_'")
            try require((1...Self.maximumWeight).contains(entry.weight), "\(field).weight", "must be 1 to 100")
            try require(
                index == 0 || operators[index - 1].name < entry.name, "\(field).name", "must be in ascending order")
            if let key = entry.key {
                try require(keys.insert(key).inserted, "\(field).key", "is another operator's as well")
            }
        }
    }

    /// Whether a text may name an operator. Plain ASCII, so that every language sorts and compares names alike.
    public static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
            }
    }

    /// The entry of a node; nil for one that is not listed.
    public func node(_ key: Ed25519.PublicKey) -> Node? {
        let index = nodes.partitioningIndex { $0.key >= key }
        return index < nodes.count && nodes[index].key == key ? nodes[index] : nil
    }

    /// How many nodes came by an invitation, those that left, were revoked or are forgotten included; `node` counts as none.
    public func uses(of invitation: InvitationID, besides node: Ed25519.PublicKey? = nil) -> Int {
        nodes.count { $0.invitation == invitation && $0.key != node }
            + (spent?.first { $0.invitation == invitation }?.uses ?? 0)
    }

    /// This epoch's id.
    public func rosterID() throws -> RosterID { try digest() }
}

extension Array {
    /// The first index whose element satisfies `predicate`, when all after it do.
    fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// A roster epoch with its administrators' signatures.
public struct SignedRoster: Codable, Hashable, Sendable {
    /// The most bytes of one as JSON that services take.
    public static let maximumBytes = 8 << 20

    /// The epoch.
    public var roster: Roster
    /// At least the genesis's threshold of them.
    public var signatures: [AdministratorSignature]

    /// Joins an epoch with its signatures.
    public init(roster: Roster, signatures: [AdministratorSignature]) {
        self.roster = roster
        self.signatures = signatures
    }

    /// Checks the roster's rules and that enough distinct administrators of `genesis` signed it.
    public func validate(in genesis: Genesis) throws {
        let count = try validateProposal(in: genesis)
        try require(count >= genesis.administrators.threshold, "signatures", "too few administrators signed")
    }

    /// Checks the roster's rules and every signature there is, and gives their number, at least one: an epoch on its way
    /// to ``validate(in:)``.
    @discardableResult
    public func validateProposal(in genesis: Genesis) throws -> Int {
        try roster.validate(in: try genesis.networkID())
        try genesis.check(signatures, over: try roster.signingBytes())
        var signers: Set<Ed25519.PublicKey> = []
        for (index, entry) in signatures.enumerated() {
            try require(
                signers.insert(entry.administrator).inserted, "signatures[\(index)].administrator", "signed twice")
        }
        try require(!signers.isEmpty, "signatures", "no administrator signed")
        return signers.count
    }

    /// Checks that this epoch follows `earlier`: nobody goes back, nobody skips the chain.
    public func validate(following earlier: Roster) throws {
        let previous = try earlier.rosterID()
        try require(
            roster.epoch > earlier.epoch && roster.epoch - 1 == earlier.epoch, "epoch", "must follow the one before")
        try require(roster.previous == previous, "previous", "is not the epoch before")
    }
}
