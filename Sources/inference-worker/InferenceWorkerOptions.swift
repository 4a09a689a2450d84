import ArgumentParser
import DNAProtocol
import Foundation
import HTTPTransport
import Inference
import Kernels
import Logging
import ModelStorage
import ServiceArguments
import ServiceKit
import TLS
import WorkerService

/// The worker's command line and environment.
struct InferenceWorkerOptions: ParsableArguments {
    struct Listener: ListenerDefaults {
        static let port = 8070
        static let purpose = "/healthz, /readyz and /metrics over HTTP/2"
    }

    private static let threads = Setting(
        "threads", default: EngineOptions.machineThreads, range: 1...256, help: "Threads that compute together")
    private static let concurrency = Setting(
        "concurrency", default: 16, range: 1...AssignmentPoll.Body.maximumInHand,
        help: "Assignments that are computed at the same time")
    private static let cores = Setting(
        "cores", default: "none", help: "CPUs to pin the threads to, as 0,1,…, or none")
    private static let instructionSet = Setting(
        "instruction-set", default: InstructionSet.auto.rawValue,
        help: "How to compute: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", "))")

    @Option(
        help: """
            A model package to serve, whatever is registered: ipfs://ID, ar://TRANSACTION, https://…#ID, or a folder; \
            repeat it for more (DNA_MODEL, separated by commas).
            """)
    var model: [String] = []

    @OptionGroup var registered: RegisteredModelArguments

    @OptionGroup var storage: StorageArguments

    @OptionGroup var network: NetworkArguments

    @Option(help: "The sealed node key; STATE/node.key by default. An invited node makes it (DNA_NODE_KEY).")
    var nodeKey: String?

    @Option(
        help: "An invitation, or a file with one; repeat it for more (DNA_INVITATION, separated by commas).")
    var invitation: [String] = []

    @Flag(help: "Leave the roster when told to stop (DNA_LEAVE_ON_STOP=1).")
    var leaveOnStop = false

    @Option(help: "A file with the key's passphrase, closed to others (DNA_PASSPHRASE_FILE).")
    var passphraseFile: String?

    @OptionGroup var aggregators: AggregatorArguments

    @Option(help: "The folder of what the node must remember (DNA_STATE).")
    var state: String?

    @Option(
        help: """
            A folder in which the workers of this machine, all of one user, keep packed weights, so that their memory is \
            there once (DNA_SHARED_WEIGHTS).
            """)
    var sharedWeights: String?

    @Option(help: ArgumentHelp(Self.threads.fullHelp))
    var threads: Int?

    @Option(help: ArgumentHelp(Self.concurrency.fullHelp))
    var concurrency: Int?

    @Option(help: ArgumentHelp(Self.cores.fullHelp))
    var cores: String?

    @Option(help: ArgumentHelp(Self.instructionSet.fullHelp))
    var instructionSet: String?

    @OptionGroup var listener: ListenerArguments<Listener>
    @OptionGroup var link: LinkArguments

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> WorkerOptions {
        func text(_ option: String?, _ name: String, _ variable: String) throws -> String {
            try required(option, name, variable, environment)
        }
        let state = try text(state, "state", "DNA_STATE")
        var options = WorkerOptions(
            models: try addresses(environment), storage: try storage.resolve(environment),
            genesisPath: try network.genesisPath(environment), rosterPath: network.rosterPath(environment),
            nodeKeyPath: nodeKey ?? environment["DNA_NODE_KEY"] ?? state + "/node.key",
            passphrasePath: try text(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE"),
            statePath: state, aggregators: try aggregators.resolve(environment), engine: try engine(environment))
        options.takesRegistered = try registered.takes(environment)
        options.modelMemory = try registered.memory(environment)
        guard options.takesRegistered || !options.models.isEmpty else {
            throw ValidationError("--model or DNA_MODEL is required where registered models are ignored")
        }
        options.sharedWeightsPath = sharedWeights ?? environment["DNA_SHARED_WEIGHTS"]
        options.invitations = try invitations(environment)
        options.leavesOnStop = leaveOnStop || environment["DNA_LEAVE_ON_STOP"] == "1"
        return options
    }

    private func addresses(_ environment: [String: String]) throws -> [PackageAddress] {
        let inherited = environment["DNA_MODEL"]?.split(separator: ",").map(String.init) ?? []
        return try (model.isEmpty ? inherited : model).map { text in
            do {
                return try PackageAddress(text)
            } catch {
                throw ValidationError("--model: \(error)")
            }
        }
    }

    private func invitations(_ environment: [String: String]) throws -> [Invitation] {
        let inherited = environment["DNA_INVITATION"]?.split(separator: ",").map(String.init) ?? []
        let texts = invitation.isEmpty ? inherited : invitation
        guard texts.count <= JoinRequest.Body.maximumInvitations else {
            throw ValidationError("--invitation: at most \(JoinRequest.Body.maximumInvitations)")
        }
        return try texts.map { text in
            let content = FileManager.default.contents(atPath: text).map { String(decoding: $0, as: UTF8.self) }
            guard let invitation = Invitation(text: content ?? text) else {
                throw ValidationError("--invitation: neither an invitation nor a file with one")
            }
            return invitation
        }
    }

    func http(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> HTTPServiceOptions {
        let address = try listener.resolve(environment)
        return HTTPServiceOptions(host: address.host, port: address.port)
    }

    /// The link's security. The certificate is over the node's own key: no other file is needed for it. An invited node
    /// begins without one.
    func link(_ parts: WorkerParts, logger: Logger) throws -> LinkSecurity? {
        let key = try parts.key.seed.withUnsafeBytes { try PrivateKey(ed25519Seed: $0) }
        let link = try link.link(
            network: "\(parts.genesis.networkID())", held: key, mayLackCertificate: parts.admission != nil,
            logger: logger)
        if let identity = link?.identity {
            guard identity.role == .worker, identity.name == parts.key.publicKey.hex else {
                throw ValidationError("the certificate is \(identity.uri), which is not node \(parts.key.publicKey)")
            }
        }
        try LinkArguments.require(parts.aggregators, of: "aggregator", link)
        return link
    }

    private func engine(_ environment: [String: String]) throws -> EngineOptions {
        let name = try Self.instructionSet.resolve(instructionSet, environment: environment)
        guard let set = InstructionSet(rawValue: name) else {
            throw ValidationError("--instruction-set: no such instruction set: \(name)")
        }
        let list = try Self.cores.resolve(cores, environment: environment)
        var cpus: [Int]?
        if list != "none" {
            let numbers = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.allSatisfy({ $0.map { $0 >= 0 } == true }) else {
                throw ValidationError("--cores: expected 0,1,… or none")
            }
            cpus = numbers.compactMap(\.self)
        }
        return EngineOptions(
            threads: try Self.threads.resolve(threads, environment: environment), cpus: cpus, instructionSet: set,
            sequences: try Self.concurrency.resolve(concurrency, environment: environment))
    }
}
