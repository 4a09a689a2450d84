import Administration
import ArgumentParser
import Canonical
import DNAProtocol

/// `dna nodes list`.
struct NodesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the roster, and who waits to get onto it.",
        discussion: "Roster and invitations are verified; last seen and models are the aggregator's word.")

    @OptionGroup var network: AdministratorArguments
    @Flag(help: "Print JSON.") var json = false

    private struct Line: Encodable {
        var node: String
        var `operator`: String
        var weight: Int
        var status: String
        var invitation: InvitationID?
        var last_seen: Timestamp?
        var models: [ModelID]
    }

    func run() async throws {
        let json = json
        try await network.with { administrator in
            let roster = try await administrator.roster().roster
            let reports = Dictionary(try await administrator.reports().map { ($0.node, $0) }) { first, _ in first }
            let weights = Dictionary(roster.operators.map { ($0.name, $0.weight) }) { first, _ in first }
            var lines = roster.nodes.map { entry in
                Line(
                    node: entry.key.hex, operator: entry.operator, weight: weights[entry.operator] ?? 0,
                    status: entry.status.rawValue, invitation: entry.invitation,
                    last_seen: reports[entry.key]?.lastSeen, models: reports[entry.key]?.models ?? [])
            }
            for join in try await administrator.applications().joins {
                let names = Set(join.body.invitations.map(\.body.operator)).sorted().joined(separator: ",")
                lines.append(
                    Line(
                        node: join.body.node.hex, operator: names, weight: 0, status: "pending", invitation: nil,
                        last_seen: join.body.at, models: []))
            }
            if json { return Console.output(try CanonicalJSON.encode(lines)) }
            Console.note("epoch \(roster.epoch), \(roster.operators.count) operators")
            for line in lines {
                let seen = line.last_seen?.description ?? "never"
                let invitation = line.invitation.map { String($0.hex.prefix(12)) } ?? "-"
                let models = line.models.map { $0.hex.prefix(12) }.joined(separator: ",")
                Console.output(
                    "\(line.node)  \(line.operator)  \(line.weight)  \(line.status)  \(invitation)  \(seen)  \(models)")
            }
        }
    }
}
