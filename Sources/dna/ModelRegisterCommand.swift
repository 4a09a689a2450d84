import ArgumentParser
import DNAProtocol
import ModelStorage

/// `dna model register`.
struct ModelRegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Say, as an administrator, that the network serves a model, and perhaps by which short name.",
        discussion: """
            The aggregators keep the statement, gateways list the model, running workers fetch it from its sources and \
            serve it. An alias stands for one model; a later statement gives it to another. Where several administrators must sign, --statement names a \
            file that goes from one to the next: each runs this command with it, and the last one's is sent.
            """)

    @OptionGroup var subject: ModelSubject
    @OptionGroup var network: AdministratorArguments
    @Option(help: "A short name that requests may use: a-z, 0-9, '-', '.' and '_'.") var alias: String?
    @Option(
        help: """
            Where workers get the package: ipfs://ID, ar://TRANSACTION, or https://HOST/PATH#ID; repeat it for more, the \
            preferred one first. By default ipfs:// and the model's id.
            """)
    var source: [String] = []
    @Flag(help: "Say nothing about a model that is registered already.") var unlessRegistered = false
    @OptionGroup var statement: StatementArguments

    func validate() throws {
        guard alias.map(ModelRegistration.isAlias) != false else {
            throw ValidationError("--alias must be 1 to 64 of a-z, 0-9, '-', '.' and '_', and no model's id")
        }
        for text in source {
            if case .folder = try PackageAddress(text) {
                throw ValidationError("--source: other machines have no \(text)")
            }
        }
    }

    func run() async throws {
        let model = try await subject.find()
        let (alias, statement, now) = (alias, statement, AdministratorArguments.now())
        let (sources, unlessRegistered) = (source.isEmpty ? nil : source, unlessRegistered)
        try await network.with { administrator in
            if unlessRegistered, try await administrator.models().contains(where: { $0.model.id == model.id }) {
                return Console.note("\(model.id) is registered")
            }
            let body = ModelRegistration.Body(
                network: try administrator.genesis.networkID(), model: model.id, alias: alias, sources: sources, at: now
            )
            guard let registration = try statement.sign(body, administrator) else { return }
            try await administrator.register(RegisteredModel(registration: registration, model: model))
            Console.output("\(model.id)")
            if let alias { Console.note("\(alias) stands for it") }
        }
    }
}
