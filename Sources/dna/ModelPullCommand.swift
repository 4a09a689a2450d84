import ArgumentParser
import ContentAddressing
import HTTPTransport
import ModelStorage

/// `dna model pull ID`.
struct ModelPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a file or folder by its id from IPFS gateways.",
        discussion: """
            No gateway is trusted: every block is compared with the id before it is used, and a gateway that gives wrong \
            bytes is not asked again. What has come is kept in OUTPUT.partial; run the command again to go on. \
            DNA_IPFS_GATEWAY_AUTHORIZATION, if set, goes as Authorization field to the gateways.
            """)

    @Argument(help: "The id: bafy…, or ipfs://bafy….") var id: String
    @Option(help: "Where to put it; must not exist.") var output: String
    @Option(help: "A gateway; may be repeated.") var gateway: [String] = ["http://127.0.0.1:8080"]
    @Flag(help: "Print the result as JSON.") var json = false

    private func root() throws -> CID {
        do {
            return try CID(id.hasPrefix("ipfs://") ? String(id.dropFirst("ipfs://".count)) : id)
        } catch {
            throw ValidationError("\(id): \(error)")
        }
    }

    func validate() throws {
        _ = try root()
        for url in gateway { _ = try IPFSArguments.endpoint(url, .gateway) }
    }

    func run() async throws {
        let client = HTTP1Client()
        let result: Result<FetchReport, any Error>
        do {
            result = .success(try await fetch(client))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        Console.endProgress()
        let report = try result.get()
        guard json else { return Console.output(output) }
        try Console.output(
            json: [
                "id": .text(report.root.description), "files": .number(report.files),
                "bytes": .number(Int(clamping: report.bytes)), "fetched_bytes": .number(report.fetchedBytes),
            ])
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
