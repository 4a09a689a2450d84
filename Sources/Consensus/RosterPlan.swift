public import Cryptography
public import DNAProtocol

/// The next roster epoch in the making: who comes, who goes, and who is turned away. A value without a clock or keys, so
/// that an administrator can be tested like anything else; nothing is believed that somebody did not sign.
public struct RosterPlan: Sendable {
    /// One thing that changes.
    public enum Change: Hashable, Sendable, CustomStringConvertible {
        /// A node becomes active for this operator.
        case joined(Ed25519.PublicKey, operator: String)
        /// A node has left, or was not heard from.
        case left(Ed25519.PublicKey)
        /// A node is shut out.
        case revoked(Ed25519.PublicKey)
        /// A node that had left, or was revoked, is not listed any more.
        case forgotten(Ed25519.PublicKey)
        /// An operator is new, or has another weight or key.
        case operatorSet(String)
        /// An operator is not listed any more.
        case operatorGone(String)

        /// A line for people.
        public var description: String {
            switch self {
            case .joined(let node, let name): "joined \(node) (\(name))"
            case .left(let node): "left \(node)"
            case .revoked(let node): "revoked \(node)"
            case .forgotten(let node): "forgotten \(node)"
            case .operatorSet(let name): "operator \(name)"
            case .operatorGone(let name): "operator \(name) is gone"
            }
        }
    }

    /// The epoch it starts from.
    public let current: Roster
    /// What changes, in the order it was decided.
    public private(set) var changes: [Change] = []
    private let genesis: Genesis
    private let network: NetworkID
    private var operators: [String: Roster.Operator]
    private var nodes: [Ed25519.PublicKey: Roster.Node]
    private var spent: [InvitationID: Int]

    /// Starts from `current`, verified by the caller.
    public init(after current: Roster, in genesis: Genesis) throws {
        self.current = current
        self.genesis = genesis
        network = try genesis.networkID()
        operators = Dictionary(current.operators.map { ($0.name, $0) }) { first, _ in first }
        nodes = Dictionary(current.nodes.map { ($0.key, $0) }) { first, _ in first }
        spent = Dictionary((current.spent ?? []).map { ($0.invitation, $0.uses) }) { first, _ in first }
    }

    /// The next epoch; nil when nothing changes. Nodes that left long ago are forgotten with whatever else changes.
    public func next() throws -> Roster? {
        guard !changes.isEmpty else { return nil }
        var plan = self
        plan.forget()
        let next = try plan.draft()
        try next.validate(in: network)
        return next
    }

    /// Takes nodes off the list that left long ago; what they used of their invitations stays counted. Otherwise the list
    /// would grow with every container that ever was.
    private mutating func forget() {
        let before = current.epoch + 1 - Roster.epochsListedAfterLeaving
        for node in nodes.values.sorted(by: { $0.key < $1.key }) {
            guard node.status == .left, let leftIn = node.leftIn, leftIn <= before, let invitation = node.invitation,
                spent[invitation] != nil || spent.count < Roster.maximumSpentInvitations
            else { continue }
            nodes[node.key] = nil
            spent[invitation, default: 0] += 1
        }
    }

    private func draft() throws -> Roster {
        Roster(
            network: network, epoch: current.epoch + 1, previous: try current.rosterID(),
            operators: Array(operators.values), nodes: Array(nodes.values),
            spent: spent.map { .init(invitation: $0, uses: $1) })
    }

    /// Lets a node in by one of its invitations: of those that are good, one of the operator with the fewest active
    /// nodes. Does nothing for a node that is active. Throws ``InvalidField`` with the reason otherwise.
    public mutating func admit(_ join: JoinRequest, at now: Timestamp) throws {
        let body = join.body
        try join.validate(in: network)
        try Self.requireRecent(body.at, at: now)
        let known = nodes[body.node]
        guard known?.status != .active else { return }
        try require(known?.status != .revoked, "body.node", "was revoked")
        try require(known != nil || nodes.count < Roster.maximumNodes, "body.node", "finds the roster full")
        let good = try goodInvitations(of: body, now)
        let counts = Dictionary(grouping: nodes.values.filter { $0.status == .active }, by: \.operator)
            .mapValues(\.count)
        guard
            let chosen = good.min(by: { left, right in
                let (leftName, rightName) = (left.body.operator, right.body.operator)
                return (counts[leftName] ?? 0, leftName) < (counts[rightName] ?? 0, rightName)
            })
        else { return }
        nodes[body.node] = Roster.Node(
            key: body.node, operator: chosen.body.operator, invitation: try chosen.invitationID())
        changes.append(.joined(body.node, operator: chosen.body.operator))
    }

    private func goodInvitations(of body: JoinRequest.Body, _ now: Timestamp) throws -> [Invitation] {
        let draft = try draft()
        var good: [Invitation] = []
        var refusal = InvalidField("body.invitations", "none was given")
        for invitation in body.invitations {
            do {
                try invitation.validate(in: genesis, roster: draft, at: now)
                try require(try invitation.isOpen(to: body.node, on: draft), "invitation.uses", "are used up")
                good.append(invitation)
            } catch let error as InvalidField {
                refusal = error
            }
        }
        guard !good.isEmpty else { throw refusal }
        return good
    }

    /// Takes a node off that asked for it not long ago: an old wish must not be held against a node that has come back.
    /// Does nothing for one that is not active.
    public mutating func release(_ leave: LeaveRequest, at now: Timestamp) throws {
        try leave.validate(in: network)
        try Self.requireRecent(leave.body.at, at: now)
        retire(leave.body.node)
    }

    private static func requireRecent(_ moment: Timestamp, at now: Timestamp) throws {
        try require(
            moment.seconds >= now.seconds - JoinRequest.Body.lifetime
                && moment.seconds <= now.seconds + JoinRequest.Body.tolerance, "body.at", "is too long ago")
    }

    /// Whether the operator of `node` has an active node besides it.
    public func hasAnotherNode(than node: Ed25519.PublicKey) -> Bool {
        guard let name = nodes[node]?.operator else { return false }
        return nodes.values.contains { $0.operator == name && $0.status == .active && $0.key != node }
    }

    /// Takes a node off. One that came by an invitation stays listed as having left for a while, in which it may come back
    /// without using the invitation again. Does nothing for one that is not active.
    public mutating func retire(_ node: Ed25519.PublicKey) {
        guard let entry = nodes[node], entry.status == .active else { return }
        if entry.invitation == nil {
            nodes[node] = nil
        } else {
            nodes[node]?.status = .left
            nodes[node]?.leftIn = current.epoch + 1
        }
        changes.append(.left(node))
    }

    /// Shuts a node out for good. Throws ``InvalidField`` for one that is not listed.
    public mutating func revoke(_ node: Ed25519.PublicKey) throws {
        guard let entry = nodes[node] else { throw InvalidField("node", "is not on the roster") }
        guard entry.status != .revoked else { return }
        nodes[node]?.status = .revoked
        nodes[node]?.leftIn = nil
        changes.append(.revoked(node))
    }

    /// Adds an operator, or changes one.
    public mutating func set(_ entry: Roster.Operator) {
        guard operators[entry.name] != entry else { return }
        operators[entry.name] = entry
        changes.append(.operatorSet(entry.name))
    }

    /// What tells one epoch from another, for whoever has to sign it: operators, then nodes, in their order.
    public static func changes(from older: Roster, to newer: Roster) -> [Change] {
        let operators = Set(older.operators)
        var changes = newer.operators.filter { !operators.contains($0) }.map { Change.operatorSet($0.name) }
        let names = Set(newer.operators.map(\.name))
        changes += older.operators.filter { !names.contains($0.name) }.map { .operatorGone($0.name) }
        for node in newer.nodes {
            let before = older.node(node.key)
            guard before?.status != node.status || before?.operator != node.operator else { continue }
            switch node.status {
            case .active: changes.append(.joined(node.key, operator: node.operator))
            case .left: changes.append(.left(node.key))
            case .revoked: changes.append(.revoked(node.key))
            }
        }
        for node in older.nodes where newer.node(node.key) == nil {
            changes.append(node.status == .active ? .left(node.key) : .forgotten(node.key))
        }
        return changes
    }
}
