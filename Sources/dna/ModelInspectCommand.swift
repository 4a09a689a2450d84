import ArgumentParser
import DNAProtocol
import NodeState

/// `dna model inspect`.
struct ModelInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Check a model package and show what it says of itself.",
        discussion: """
            Of a folder every file is read and compared with the manifest. Of an id (bafybei…) the root block and the \
            manifest are fetched from IPFS gateways and compared with the id; the weights are not fetched. A listing, as \
            `dna model pack --listing` writes it, will do as well. Exits 0 only if everything fits.
            """)

    @OptionGroup var subject: ModelSubject
    @Option(help: "A genesis whose rules the package must keep.") var genesis: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let model = try await subject.find()
        try model.manifest.validate(within: try genesis.map { try JSONFile.read(Genesis.self, path: $0) })
        let report = ModelReport(model)
        if json { try report.printJSON() } else { report.printText() }
    }
}
