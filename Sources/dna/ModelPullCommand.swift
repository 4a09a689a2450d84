import ArgumentParser
import ContentAddressing
import Foundation
import HTTPTransport
import ModelStorage
import ServiceArguments
import WorkerService

/// `dna model pull ID`.
struct ModelPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a package by its id, from IPFS gateways, Arweave or a web server.",
        discussion: """
            A package goes to the cache, where the workers of this machine find it, and its folder is printed; nothing \
            is fetched that is there already. With --out it goes to a place of its own, and so does any other file or \
            folder on IPFS or Arweave.

            Nobody is trusted: every block from IPFS is compared with the id before it is used, and a gateway that gives \
            wrong bytes is not asked again; on Arweave every chunk is proven by the transaction's signature; what comes \
            from a web server is compared with its manifest, and the whole with the id. Run the command again to go on \
            after a break. DNA_IPFS_GATEWAY_AUTHORIZATION and DNA_ARWEAVE_AUTHORIZATION, if set, go as Authorization \
            fields to the gateways and nodes.
            """)

    @Argument(help: "The id: bafy…, ipfs://bafy…, ar://…, or https://…#bafy….") var id: String
    @Option(
        name: [.customLong("out"), .customLong("output")],
        help: "Where to put it, which must not exist; the cache by default.")
    var output: String?
    @OptionGroup var storage: StorageArguments
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        _ = try storage.resolve()
        if isOnIPFS, output != nil {
            _ = try anyRoot()
        } else {
            _ = try address()
        }
    }

    private var isOnIPFS: Bool { id.hasPrefix("ipfs://") || !id.contains("://") }
    private var bare: String { id.hasPrefix("ipfs://") ? String(id.dropFirst("ipfs://".count)) : id }

    /// Of a package or anything else.
    private func anyRoot() throws -> CID {
        do {
            return try CID(bare)
        } catch {
            throw ValidationError("\(id): \(error)")
        }
    }

    private func address() throws -> PackageAddress {
        do {
            return isOnIPFS ? .ipfs(try PackageAddress.id(bare)) : try PackageAddress(id)
        } catch PackageAddressError.notAFolder(let cid) {
            throw ValidationError("\(cid) is no package's id; --out fetches other files and folders")
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let options = try storage.resolve()
        guard let output else { return try await toCache(options) }
        let progress = PullProgress()
        if isOnIPFS {
            let root = try anyRoot()
            let report = try await ModelPushCommand.withClient { client in
                try await IPFSFetcher(gateways: options.gateways, client: client).fetch(root, to: output) {
                    progress.show($0)
                }
            }
            return try say(
                output,
                [
                    "id": .text(report.root.description), "files": .number(report.files),
                    "bytes": .number(Int(clamping: report.bytes)), "fetched_bytes": .number(report.fetchedBytes),
                ])
        }
        let address = try address()
        if case .arweave(let transaction) = address {
            let pull = ArweavePull(id: transaction, output: output, nodes: options.arweaveNodes)
            let report = try await ModelPushCommand.withClient { try await pull.run($0) }
            return try say(output, ["id": .text(id), "files": .number(report.files), "bytes": .number(report.bytes)])
        }
        let reading = try await ModelPushCommand.withClient { client in
            try await options.sources(client).fetch(address, to: output, read: ModelReading.reader) {
                progress.show($0)
            }
        }
        try say(output, ["id": .text("\(reading.root.cid)"), "files": .number(reading.digests.count)])
    }

    private func toCache(_ options: StorageOptions) async throws {
        let cache = try options.cache(read: ModelReading.reader)
        let address = try address()
        let progress = PullProgress()
        let package = try await ModelPushCommand.withClient { client in
            try await cache.open(address, from: options.sources(client)) { progress.show($0) }
        }
        try say(
            package.folder,
            [
                "id": .text("\(package.id)"), "folder": .text(package.folder), "files": .number(package.digests.count),
            ])
    }

    private func say(_ folder: String, _ fields: [String: Console.Value]) throws {
        guard json else { return Console.output(folder) }
        try Console.output(json: fields)
    }
}
