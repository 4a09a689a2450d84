import ArgumentParser
import ContentAddressing
import Foundation
import HTTPTransport
import ModelStorage

/// `dna model push PATH`.
struct ModelPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Publish a file or folder to an IPFS node and print its id.",
        discussion: """
            The id is known before the first byte is sent. A command that was interrupted goes on where it stopped when \
            it is run again, and sends only what the node does not have. The node pins the whole; with --gateway some \
            blocks are read back. DNA_IPFS_AUTHORIZATION and DNA_IPFS_GATEWAY_AUTHORIZATION, if set, go as \
            Authorization fields to the node and to the gateways.
            """)

    @Argument(help: "A file or folder.") var path: String
    @Option(help: "The node's RPC.") var node = "http://127.0.0.1:5001"
    @Option(help: "A gateway that reads some blocks back; may be repeated.") var gateway: [String] = []
    @Option(help: "How files become blocks: unixfs-v1-2025 or ipfs-add-v1-1MiB-w174.")
    var profile = ImportProfile.unixfsV1_2025.name
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        try ModelCIDCommand.check(profile: profile)
        _ = try IPFSArguments.endpoint(node, .node)
        for url in gateway { _ = try IPFSArguments.endpoint(url, .gateway) }
    }

    func run() async throws {
        let dag = try await ModelCIDCommand.add(path, profile: profile, hidden: false)
        Console.note("id \(dag.root.cid)")
        let client = HTTP1Client()
        let result: Result<PublishReport, any Error>
        do {
            result = .success(try await publish(dag, client))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        Console.endProgress()
        let report = try result.get()
        guard json else { return Console.output(report.root.description) }
        try Console.output(
            json: [
                "id": .text(report.root.description), "sent_bytes": .number(report.sentBytes),
                "present_bytes": .number(report.presentBytes), "sampled_blocks": .number(report.sampledBlocks),
            ])
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
