import Administration
import ArgumentParser
import Canonical
import Consensus
import Cryptography
import DNAProtocol

/// `dna nodes list`.
struct NodesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the roster, who waits to get onto it, and proposed epochs.",
        discussion: "Roster, proposals and invitations are verified; last seen and models are the aggregator's word.")

    @OptionGroup var network: AdministratorArguments
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let json = json
        try await network.with { administrator in
            let listing = try await NodeListing(administrator)
            if json { return Console.output(try CanonicalJSON.encode(listing)) }
            listing.lines.forEach(Console.output)
        }
    }
}

/// What `dna nodes list` shows.
struct NodeListing: Encodable {
    struct Node: Encodable {
        var node: Ed25519.PublicKey
        /// Of one that waits: every operator that has invited it.
        var `operator`: String
        var weight: Int?
        var status: NodeStanding.Status
        var invitation: InvitationID?
        var lastSeen: Timestamp?
        var models: [ModelID]

        enum CodingKeys: String, CodingKey {
            case node, `operator`, weight, status, invitation, models
            case lastSeen = "last_seen"
        }
    }

    struct Proposal: Encodable {
        var roster: RosterID
        var epoch: Int
        var signatures: Int
        var threshold: Int
        var changes: [String]
    }

    var epoch: Int
    var roster: RosterID
    var operators: [Roster.Operator]
    var nodes: [Node]
    var proposals: [Proposal]

    init(_ administrator: Administrator) async throws {
        let roster = try await administrator.roster().roster
        let reports = Dictionary(try await administrator.reports().map { ($0.node, $0) }) { first, _ in first }
        let weights = Dictionary(roster.operators.map { ($0.name, $0.weight) }) { first, _ in first }
        epoch = roster.epoch
        self.roster = try roster.rosterID()
        operators = roster.operators
        nodes = roster.nodes.map { entry in
            let report = reports[entry.key]
            return Node(
                node: entry.key, operator: entry.operator, weight: weights[entry.operator],
                status: NodeStanding.Status(entry.status), invitation: entry.invitation, lastSeen: report?.lastSeen,
                models: report?.models ?? [])
        }
        nodes += try await administrator.applications().joins.map { join in
            let names = Set(join.body.invitations.map(\.body.operator)).sorted()
            return Node(
                node: join.body.node, operator: names.joined(separator: ","), status: .pending, lastSeen: join.body.at,
                models: [])
        }
        proposals = try await administrator.proposals().map { proposal in
            Proposal(
                roster: try proposal.roster.rosterID(), epoch: proposal.roster.epoch,
                signatures: proposal.signatures.count, threshold: administrator.genesis.administrators.threshold,
                changes: RosterPlan.changes(from: roster, to: proposal.roster).map(\.description))
        }
    }

    /// For people: a header, a line a node, and what is proposed.
    var lines: [String] {
        let header = ["NODE", "OPERATOR", "WEIGHT", "STATUS", "LAST SEEN", "MODELS"]
        let rows = nodes.map { node in
            [
                node.node.hex, node.operator, node.weight.map(String.init) ?? "-", node.status.rawValue,
                node.lastSeen?.description ?? "never",
                node.models.isEmpty ? "-" : node.models.map { String("\($0)".prefix(16)) }.joined(separator: ","),
            ]
        }
        var lines = ["epoch \(epoch)  \(roster)", ""] + Self.aligned([header] + rows)
        for proposal in proposals {
            lines += [
                "", "proposed: epoch \(proposal.epoch)  \(proposal.roster)",
                "\(proposal.signatures) of \(proposal.threshold) signatures; "
                    + "dna nodes approve --proposal \(proposal.roster.hex.prefix(12))",
            ]
            lines += proposal.changes.map { "  " + $0 }
        }
        return lines
    }

    /// Columns as wide as their widest text, two spaces apart.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (text, width) in zip(row.dropLast(), widths) {
                line += text + String(repeating: " ", count: width - text.count + 2)
            }
            return line + (row.last ?? "")
        }
    }
}

extension NodeStanding.Status {
    init(_ status: Roster.Status) {
        switch status {
        case .active: self = .active
        case .left: self = .left
        case .revoked: self = .revoked
        }
    }
}
