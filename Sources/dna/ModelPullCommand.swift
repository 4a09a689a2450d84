import ArgumentParser
import ContentAddressing
import HTTPTransport
import ModelStorage

/// `dna model pull ID`.
struct ModelPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a file or folder by its id from IPFS gateways, or from Arweave.",
        discussion: """
            No gateway is trusted: every block is compared with the id before it is used, and a gateway that gives wrong \
            bytes is not asked again. What has come is kept in OUTPUT.partial; run the command again to go on. \
            DNA_IPFS_GATEWAY_AUTHORIZATION, if set, goes as Authorization field to the gateways. On Arweave every chunk is \
            proven by the transaction's signature.
            """)

    @Argument(help: "The id: bafy…, ipfs://bafy…, or ar://….") var id: String
    @Option(help: "Where to put it; must not exist.") var output: String
    @Option(help: "A gateway; may be repeated.") var gateway: [String] = ["http://127.0.0.1:8080"]
    @OptionGroup var arweave: ArweaveArguments
    @Flag(help: "Print the result as JSON.") var json = false

    private var isOnArweave: Bool { id.hasPrefix(ArweaveArguments.scheme) }

    private func root() throws -> CID {
        do {
            return try CID(id.hasPrefix("ipfs://") ? String(id.dropFirst("ipfs://".count)) : id)
        } catch {
            throw ValidationError("\(id): \(error)")
        }
    }

    func validate() throws {
        if isOnArweave {
            _ = try ArweavePull.id(id)
            return
        }
        _ = try root()
        for url in gateway { _ = try IPFSArguments.endpoint(url, .gateway) }
    }

    func run() async throws {
        if isOnArweave { return try await runOnArweave() }
        let report = try await ModelPushCommand.withClient { try await fetch($0) }
        guard json else { return Console.output(output) }
        try Console.output(
            json: [
                "id": .text(report.root.description), "files": .number(report.files),
                "bytes": .number(Int(clamping: report.bytes)), "fetched_bytes": .number(report.fetchedBytes),
            ])
    }

    private func runOnArweave() async throws {
        let pull = ArweavePull(id: try ArweavePull.id(id), output: output, arguments: arweave)
        let report = try await ModelPushCommand.withClient { try await pull.run($0) }
        guard json else { return Console.output(output) }
        try Console.output(
            json: ["id": .text(id), "files": .number(report.files), "bytes": .number(report.bytes)])
    }

    private func fetch(_ client: HTTP1Client) async throws -> FetchReport {
        let gateways = try gateway.map { try IPFSArguments.endpoint($0, .gateway) }
        let line = ProgressLine("fetched", total: 0)
        return try await IPFSFetcher(gateways: gateways, client: client).fetch(try root(), to: output) { event in
            switch event {
            case .planned(let bytes, let present):
                line.expect(bytes)
                line.add(present, isWork: false)
            case .received(let bytes): line.add(bytes)
            case .banned(let gateway, let reason): Console.note("\(gateway) is not asked again: \(reason)")
            }
        }
    }
}
