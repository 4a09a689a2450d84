import Administration
import ArgumentParser
import DNAProtocol

/// `dna model withdraw`.
struct ModelWithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Say, as an administrator, that the network serves a model no more.",
        discussion: """
            Gateways refuse new requests for it, and no alias stands for it. What was asked before is still answered; then \
            workers let go of it, but for those that were started with it. It may be registered again. Where several \
            administrators must sign, --statement names a file that goes from one to the next.
            """)

    @Argument(help: "A registered model: its id, or the alias it was registered under last.") var model: String
    @OptionGroup var network: AdministratorArguments
    @OptionGroup var statement: StatementArguments

    func run() async throws {
        let (model, statement, now) = (model, statement, AdministratorArguments.now())
        try await network.with { administrator in
            let listed = try await administrator.models()
            guard let found = listed.first(where: { "\($0.model.id)" == model || $0.registration.body.alias == model })
            else { throw ValidationError("no registered model goes by \(model)") }
            // It must come after what was said before, also in the same second.
            let body = ModelRegistration.Body(
                network: try administrator.genesis.networkID(), withdrawing: found.model.id,
                at: max(now, found.registration.body.at + 1))
            guard let registration = try statement.sign(body, administrator) else { return }
            try await administrator.register(RegisteredModel(registration: registration, model: found.model))
            Console.output("\(found.model.id)")
            Console.note("withdrawn")
        }
    }
}
