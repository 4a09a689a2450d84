import ArgumentParser
import ContentAddressing
import Foundation

/// `dna model cid PATH`.
struct ModelCIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cid",
        abstract: "Print the content identifier of a file or folder, as IPFS computes it.",
        discussion: """
            Nothing is stored and nothing is sent. The same bytes have another identifier under another profile: \
            unixfs-v1-2025 (IPIP-499), or ipfs-add-v1-1MiB-w174, which is that of \
            `ipfs add --cid-version=1 --raw-leaves --chunker=size-1048576`. Names that begin with a dot are left out, \
            as `ipfs add` does; links to files are read as the files.
            """)

    @Argument(help: "A file or folder.") var path: String
    @Option(help: "How files become blocks: unixfs-v1-2025 or ipfs-add-v1-1MiB-w174.")
    var profile = ImportProfile.unixfsV1_2025.name
    @Flag(help: "Take names that begin with a dot as well.") var hidden = false
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        guard ImportProfile(named: profile) != nil else {
            let names = ImportProfile.known.map(\.name).joined(separator: " or ")
            throw ValidationError("--profile must be \(names)")
        }
    }

    func run() async throws {
        var importer = Importer(ImportProfile(named: profile) ?? .unixfsV1_2025)
        importer.includesHidden = hidden
        let progress = TransferProgress("hashed", total: try importer.size(of: path))
        importer.progress = { progress.add($0) }
        let dag = try await importer.add(path)
        Console.endProgress()
        guard json else { return Console.output(dag.root.cid.description) }
        let report = Report(
            cid: dag.root.cid.description, profile: profile, bytes: dag.fileBytes, total_size: dag.root.totalSize,
            files: dag.files.count)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        Console.output(Array(try encoder.encode(report)))
    }

    private struct Report: Encodable {
        let cid: String
        let profile: String
        let bytes: UInt64
        let total_size: UInt64
        let files: Int
    }
}
