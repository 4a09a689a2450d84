import ArgumentParser

/// `dna model …`.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Make, publish and fetch model packages.",
        subcommands: [
            ModelPackCommand.self, ModelInspectCommand.self, ModelCIDCommand.self, ModelPushCommand.self,
            ModelPullCommand.self, ModelRegisterCommand.self, ModelWithdrawCommand.self, ModelCacheCommand.self,
        ])
}
