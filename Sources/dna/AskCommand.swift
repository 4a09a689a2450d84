import ArgumentParser
import Canonical
import Consensus
import Cryptography
import DNAProtocol
import NodeState
import ServiceArguments

/// `dna ask PROMPT`.
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask the network, and verify what it answers.",
        discussion: """
            The certificate is fetched, held against the question that was sent, and verified. With --network against \
            a network file of your own; otherwise against the one the gateway shows, which only proves that the \
            gateway's story is consistent.
            """)

    @Argument(help: "The prompt.") var prompt: String
    @OptionGroup var gateway: GatewayArguments
    @Option(help: "The network file to verify with.") var network: String?
    @Option(help: "Write the certificate with all its evidence to this file.") var certificate: String?
    @Option(help: "The model's name, alias or id (default: the first the gateway lists).") var model: String?
    @Option(help: "The noise's seed: a whole number, or 64 hexadecimal digits.") var seed: String?
    @Option(help: "0 takes the likeliest token; up to 2 (default: the model's).") var temperature: Double?
    @Option(help: "Tokens at most.") var maxTokens = 128
    @Option(help: "Seconds to wait for the answer.") var timeout = 300
    @Flag(help: "Print the gateway's JSON answer instead of the text.") var json = false

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be 1 to 86400") }
        if let seed, Int64(seed) == nil, Seed(hex: seed) == nil {
            throw ValidationError("--seed must be a whole number or 64 hexadecimal digits")
        }
    }

    func run() async throws {
        try await GatewayClient.with(gateway, deadline: .seconds(timeout)) { client in
            let question = try await question(client)
            let answer = try await client.complete(question.body)
            let bundle = try await client.bundle(of: answer.requestID)
            if let certificate { try JSONFile.write(bundle, path: certificate) }
            Console.output(json ? String(decoding: answer.json, as: UTF8.self) : answer.text)
            let file = try await networkFile(client)
            let verification = Verification(of: bundle, networkFile: file)
            let registrations = try await registrations(of: question.model, in: file.genesis, client)
            let mismatch = question.mismatch(with: bundle, answer: answer, registrations: registrations)
            try report(bundle, verification, mismatch)
        }
    }

    private func question(_ client: GatewayClient) async throws -> Question {
        var chosen = model
        if chosen == nil { chosen = try await client.firstModel() }
        guard let chosen else { throw ValidationError("the gateway lists no model") }
        return Question(
            model: chosen, prompt: prompt, maximumTokens: maxTokens, temperature: temperature, seed: seed,
            idempotencyKey: Hexadecimal.encode(SystemRandom.bytes(count: 16)))
    }

    private func networkFile(_ client: GatewayClient) async throws -> NetworkFile {
        guard let network else { return try await client.networkFile() }
        return try JSONFile.read(NetworkFile.self, path: network)
    }

    /// What the network's administrators said of a model that was named by what may be an alias.
    private func registrations(
        of model: String, in genesis: Genesis, _ client: GatewayClient
    ) async throws -> [ModelRegistration] {
        guard ModelRegistration.isAlias(model) else { return [] }
        return try await client.registrations(of: model).filter { (try? $0.validate(in: genesis)) != nil }
    }

    private func report(_ bundle: Bundle, _ verification: Verification, _ mismatch: String?) throws {
        let decision = bundle.certificate.decision
        Console.note("")
        Console.note("request      \(decision.request)")
        Console.note("voters       \(decision.voters.count) of \(bundle.evidence.committee.members.count)")
        for check in verification.checks where check.failure != nil {
            Console.note("\(check.name): \(check.failure ?? "")")
        }
        if let mismatch { Console.note("the certificate is for another question: \(mismatch) differs") }
        let isGood = verification.verdict == .valid && mismatch == nil
        let source = network == nil ? " (by the gateway's own network file)" : ""
        Console.note(isGood ? "certificate: valid\(source)" : "certificate: invalid")
        if !isGood { throw ExitCode(1) }
    }
}
