import ArgumentParser
import ContentAddressing
import ModelPackages

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
    @Option(help: Self.profileHelp) var profile: String?
    @Flag(help: "Take names that begin with a dot as well.") var hidden = false
    @Flag(help: "Print the result as JSON.") var json = false

    static let profileHelp: ArgumentHelp = """
        How files become blocks: unixfs-v1-2025 or ipfs-add-v1-1MiB-w174 (that of a package's manifest; the first for \
        anything else).
        """

    func validate() throws { try Self.check(profile: profile) }

    func run() async throws {
        let profile = Self.profile(profile, for: path)
        let dag = try await Self.add(path, profile: profile, hidden: hidden)
        guard json else { return Console.output(dag.root.cid.description) }
        try Console.output(
            json: [
                "id": .text(dag.root.cid.description), "profile": .text(profile), "files": .number(dag.files.count),
                "bytes": .number(Int(clamping: dag.fileBytes)),
                "total_size": .number(Int(clamping: dag.root.totalSize)),
            ])
    }

    /// The profile that was given, else the one a package names, else the preferred one.
    static func profile(_ given: String?, for path: String) -> String {
        given ?? (try? ModelPackage(folder: path))?.manifest.importProfile ?? ImportProfile.unixfsV1_2025.name
    }

    /// Refuses a profile that nobody knows.
    static func check(profile: String?) throws {
        guard let profile, ImportProfile(named: profile) == nil else { return }
        let names = ImportProfile.known.map(\.name).joined(separator: " or ")
        throw ValidationError("--profile must be \(names)")
    }

    /// Hashes a file or folder, and shows how far that is.
    static func add(_ path: String, profile: String, hidden: Bool) async throws -> ImportedDAG {
        var importer = Importer(ImportProfile(named: profile) ?? .unixfsV1_2025)
        importer.includesHidden = hidden
        let line = ProgressLine("hashed", total: try importer.size(of: path))
        importer.progress = { line.add($0) }
        defer { Console.endProgress() }
        return try await importer.add(path)
    }
}
