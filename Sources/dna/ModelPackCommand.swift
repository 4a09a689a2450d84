public import ArgumentParser
import Cryptography
public import DNAProtocol
import Foundation
import ModelPackages
import NodeState

/// `dna model pack`.
struct ModelPackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Write a model package, and print its id.",
        discussion: """
            From a GGUF file, or from a folder with one and perhaps a licence's text beside it. What the file says of \
            itself is taken from there: architecture, context, tokenizer, chat template, licence, memory. The id is the \
            content identifier of the folder, so the same files and the same manifest always make the same id. \
            schemas/manifest.schema.json describes what is written. The policy is a majority of a committee of three, \
            of five at most, unless something else is said. `dna up` packs by itself.
            """)

    @Argument(help: "A GGUF file, or a folder that holds one.") var path: String
    @Option(name: [.customLong("out"), .customLong("output")], help: "The package's folder.") var output: String
    @Flag(help: "Link to the files instead of copying them; they must stay where they are.") var link = false
    @OptionGroup(title: "What it is") var words: ModelWords
    @OptionGroup(title: "Consensus rules") var rules: ModelRules
    @Option(help: "The author's sealed key, which signs the manifest; `dna keys author` makes one.") var sign: String?
    @Option(help: "A file with the key's passphrase, closed to others (DNA_PASSPHRASE_FILE).") var passphraseFile:
        String?
    @Option(
        help: """
            Encrypt the files for a node, by its key in hexadecimal, or for all active nodes of a roster's file; repeat it \
            for more. Nobody else can read the weights.
            """)
    var encryptFor: [String] = []
    @Option(help: "A genesis whose rules the package must keep.") var genesis: String?
    @Option(help: "Also write the model's listing here: what an aggregator needs to know of it.") var listing: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        try rules.check()
        try ModelCIDCommand.check(profile: words.profile)
    }

    func run() async throws {
        var writer = PackageWriter(folder: output)
        writer.placement = link ? .link : .copy
        writer.genesis = try genesis.map { try JSONFile.read(Genesis.self, path: $0) }
        writer.recipients = try encryptFor.flatMap { try Self.nodes($0) }
        writer.author = try sign.map { try AuthorKey.read($0, passphraseFile: passphraseFile) }
        writer.progress = { done, total in Console.progress("hashed \(done * 100 / max(total, 1)) %") }
        var draft = try PackageDraft(from: path)
        words.apply(to: &draft.manifest)
        rules.apply(to: &draft.manifest)
        defer { Console.endProgress() }
        let model = try await draft.write(with: writer)
        Console.endProgress()
        if let listing { try JSONFile.write(model, path: listing) }
        if json { try ModelReport(model).printJSON() } else { Console.output("\(model.id)") }
    }
}

extension ModelPackCommand {
    /// The nodes that `--encrypt-for` names.
    private static func nodes(_ text: String) throws -> [Ed25519.PublicKey] {
        if let key = Hexadecimal.decode(text).flatMap({ Ed25519.PublicKey(bytes: $0) }) { return [key] }
        guard FileManager.default.fileExists(atPath: text) else {
            throw ValidationError("--encrypt-for: \(text) is neither a node's key nor a roster's file")
        }
        let nodes = try JSONFile.read(SignedRoster.self, path: text).roster.nodes.filter { $0.status == .active }
        guard !nodes.isEmpty else { throw ValidationError("--encrypt-for: \(text) has no active nodes") }
        return nodes.map(\.key)
    }
}

/// What a constructor says of a model; what is left out stays as the weights say it.
struct ModelWords: ParsableArguments {
    @Option(help: "Its name (the GGUF file's name).") var name: String?
    @Option(help: "Which of the models of that name it is.") var release: String?
    @Option(help: "A few words on it.") var about: String?
    @Option(help: "An SPDX licence expression.") var licence: String?
    @Option(help: "The most tokens of prompt and answer together.") var contextLength: Int?
    @Option(help: "The temperature of a request that names none.") var temperature: Double?
    @Option(help: "The top-p of a request that names none.") var topP: Double?
    @Option(help: "The top-k of a request that names none.") var topK: Int?
    @Option(help: "The most tokens a request may ask for.") var maxTokens: Int?
    @Option(help: "The highest temperature a request may ask for.") var maxTemperature: Double?
    @Option(help: "The least instruction set: portable, avx2, avx512 or neon.")
    var instructionSet: Manifest.Environment.InstructionSet?
    @Option(help: "How files become blocks: unixfs-v1-2025 or ipfs-add-v1-1MiB-w174.") var profile: String?

    func apply(to manifest: inout Manifest) {
        if let name { manifest.name = name }
        manifest.release = release ?? manifest.release
        manifest.description = about ?? manifest.description
        if let licence { manifest.licence = licence }
        if let contextLength { manifest.contextLength = contextLength }
        if let temperature { manifest.sampling.temperature = temperature }
        if let topP { manifest.sampling.topP = topP }
        if let topK { manifest.sampling.topK = topK }
        if maxTokens != nil || maxTemperature != nil {
            manifest.limits = .init(maximumTokens: maxTokens, maximumTemperature: maxTemperature)
        }
        if let instructionSet { manifest.environment.instructionSet = instructionSet }
        if let profile { manifest.importProfile = profile }
    }
}

extension Manifest.Environment.InstructionSet: ExpressibleByArgument {}

/// The consensus rules a constructor chooses.
struct ModelRules: ParsableArguments {
    /// Which agreement is enough, as people write it.
    enum Rule: ExpressibleByArgument {
        case share(Policy.Rule)
        case quorum(Int)

        init?(argument: String) {
            if argument.hasPrefix("quorum:") {
                guard let count = Int(argument.dropFirst("quorum:".count)) else { return nil }
                self = .quorum(count)
            } else {
                guard let rule = Policy.Rule(rawValue: argument), rule != .quorum else { return nil }
                self = .share(rule)
            }
        }
    }

    @Option(help: "majority, supermajority, unanimous, or quorum:K.") var policy: Rule = .share(.majority)
    @Option(help: "How many members the first committee has.") var committee = 3
    @Option(help: "How large it may grow (two more than --committee).") var maximumCommittee: Int?

    func check() throws {
        guard (1...64).contains(committee), (committee...64).contains(maximumCommittee ?? committee) else {
            throw ValidationError("--committee must be 1 to 64, and --maximum-committee at least as large")
        }
    }

    func apply(to manifest: inout Manifest) {
        let most = maximumCommittee ?? min(committee + 2, 64)
        switch policy {
        case .share(let rule): manifest.policy = Policy(rule: rule, committee: committee, maximumCommittee: most)
        case .quorum(let count):
            manifest.policy = Policy(rule: .quorum, quorum: count, committee: committee, maximumCommittee: most)
        }
    }
}
