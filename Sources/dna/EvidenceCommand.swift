import ArgumentParser
import Canonical
import Consensus
import DNAProtocol
import Foundation
import LocalNetwork
import NodeState
import ServiceArguments

/// `dna evidence REQUEST|FILE`.
struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Show what nodes and signers did wrong with a request, and check what can be proven.",
        discussion: """
            Two different statements that one node signed for one request and round prove its fault to anyone, \
            whoever shows them. The rest is the aggregator's word. Exits 0 if something is proven and nothing that was \
            shown is false, 1 if something is false, 2 if nothing is proven.
            """)

    @Argument(help: "A request's id, or a file that --json has written.") var subject: String
    @OptionGroup var gateway: GatewayArguments
    @OptionGroup var state: StateArguments
    @Option(help: "The network file: checks that the statements are this network's, and signers' shares.")
    var network: String?
    @Flag(help: "Print the report as JSON, to be kept and shown to others.") var json = false

    func run() async throws {
        let file = try networkFile()
        let report = try await report()
        let verification = MisbehaviourVerification(of: report, networkFile: file)
        if json {
            Console.output(try CanonicalJSON.encode(report))
            verification.sentences.forEach(Console.note)
        } else {
            verification.sentences.forEach(Console.output)
        }
        switch verification.verdict {
        case .proven: return
        case .false: throw ExitCode(1)
        case .notProven: throw ExitCode(2)
        }
    }

    /// A gateway elsewhere has a network of its own.
    private var folder: NetworkFolder? {
        state.folder(unless: gateway.gateway != nil || ProcessInfo.processInfo.environment["DNA_GATEWAY"] != nil)
    }

    private func networkFile() throws -> NetworkFile? {
        try (network ?? folder?.networkFile).map { try JSONFile.read(NetworkFile.self, path: $0) }
    }

    private func report() async throws -> MisbehaviourReport {
        guard let id = RequestID(hex: subject) else {
            return try JSONFile.read(MisbehaviourReport.self, path: subject)
        }
        var gateway = gateway
        if gateway.gateway == nil, let folder { gateway.gateway = try StateArguments.addresses(of: folder).gateway }
        var report: MisbehaviourReport?
        try await GatewayClient.with(gateway, deadline: .seconds(30)) { report = try await $0.misbehaviour(of: id) }
        guard let report, report.request == id else {
            throw ValidationError("the gateway answered for another request")
        }
        return report
    }
}
