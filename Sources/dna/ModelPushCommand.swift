import ArgumentParser
import ContentAddressing
import Foundation
import HTTPTransport
import ModelStorage

/// `dna model push PATH`.
struct ModelPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Publish a file or folder to an IPFS node, or on Arweave, and print its id.",
        discussion: """
            The id is known before the first byte is sent. A command that was interrupted goes on where it stopped when \
            it is run again, and sends only what the node does not have. The node pins the whole; with --gateway some \
            blocks are read back. DNA_IPFS_AUTHORIZATION and DNA_IPFS_GATEWAY_AUTHORIZATION, if set, go as \
            Authorization fields to the node and to the gateways.

            On Arweave every file costs money, once, paid from --wallet. What it costs is shown, and nothing is signed \
            before you say yes. What was signed is remembered below ~/.local/state/dna-layer/arweave: run the command \
            again to go on, at no further cost.
            """)

    /// Where a package goes.
    enum Destination: String, ExpressibleByArgument { case ipfs, arweave }

    @Argument(help: "A file or folder.") var path: String
    @Option(help: "Where to: ipfs or arweave.") var to = Destination.ipfs
    @Option(help: "The IPFS node's RPC.") var node = "http://127.0.0.1:5001"
    @Option(help: "A gateway that reads some blocks back; may be repeated.") var gateway: [String] = []
    @Option(help: ModelCIDCommand.profileHelp) var profile: String?
    @OptionGroup var arweave: ArweaveArguments
    @Option(help: "The wallet that pays on Arweave: a file with a JSON Web Key.") var wallet: String?
    @Flag(help: "Pay on Arweave without being asked.") var yes = false
    @Flag(help: "Give up what was signed for Arweave and never posted, for a new price.") var newPrice = false
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        guard to == .ipfs || wallet != nil else { throw ValidationError("--wallet must say who pays") }
        try ModelCIDCommand.check(profile: profile)
        _ = try IPFSArguments.endpoint(node, .node)
        for url in gateway { _ = try IPFSArguments.endpoint(url, .gateway) }
    }

    func run() async throws {
        if to == .arweave, let wallet { return try await runOnArweave(wallet) }
        let dag = try await ModelCIDCommand.add(
            path, profile: ModelCIDCommand.profile(profile, for: path), hidden: false)
        Console.note("id \(dag.root.cid)")
        let report = try await Self.withClient { try await publish(dag, $0) }
        guard json else { return Console.output(report.root.description) }
        try Console.output(
            json: [
                "id": .text(report.root.description), "sent_bytes": .number(report.sentBytes),
                "present_bytes": .number(report.presentBytes), "sampled_blocks": .number(report.sampledBlocks),
            ])
    }

    private func runOnArweave(_ wallet: String) async throws {
        let push = ArweavePush(
            path: path, wallet: wallet, arguments: arweave, isAccepted: yes, asksNewPrice: newPrice)
        let report = try await Self.withClient { try await push.run($0) }
        let id = "\(ArweaveArguments.scheme)\(report.id)"
        guard json else { return Console.output(id) }
        try Console.output(
            json: ["id": .text(id), "bytes": .number(report.bytes), "paid_winston": .text("\(report.paid)")])
    }

    /// Runs `body` with a client that is shut down however it ends.
    static func withClient<R>(_ body: (HTTP1Client) async throws -> R) async throws -> R {
        let client = HTTP1Client()
        let result: Result<R, any Error>
        do {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        Console.endProgress()
        return try result.get()
    }

    private func publish(_ dag: ImportedDAG, _ client: HTTP1Client) async throws -> PublishReport {
        let rpc = KuboRPC(client: client, endpoint: try IPFSArguments.endpoint(node, .node))
        let publisher = IPFSPublisher(
            rpc: rpc, gateways: try gateway.map { try IPFSArguments.endpoint($0, .gateway) },
            journalFolder: IPFSArguments.journalFolder)
        let line = ProgressLine("sent", total: Int(clamping: dag.fileBytes))
        return try await publisher.publish(dag) { event in
            switch event {
            case .sent(let bytes): line.add(bytes)
            case .present(let bytes): line.add(bytes, isWork: false)
            case .retrying(let reason): Console.note("trying again: \(reason)")
            }
        }
    }
}
