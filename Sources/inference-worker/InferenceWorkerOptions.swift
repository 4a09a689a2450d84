import ArgumentParser
import Foundation
import HTTPTransport
import Inference
import Kernels
import ServiceKit
import WorkerService

/// The worker's command line and environment.
struct InferenceWorkerOptions: ParsableArguments {
    private static let host = Setting("host", default: "127.0.0.1", help: "Address to bind for /healthz and /readyz")
    private static let port = Setting(
        "port", default: 8070, range: 0...65_535, help: "Port for HTTP/2; 0 takes a free one")
    private static let threads = Setting(
        "threads", default: EngineOptions.machineThreads, range: 1...256, help: "Threads that compute together")
    private static let cores = Setting(
        "cores", default: "none", help: "CPUs to pin the threads to, as 0,1,…, or none")
    private static let instructionSet = Setting(
        "instruction-set", default: InstructionSet.auto.rawValue,
        help: "How to compute: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", "))")

    @Option(help: "The folder of the model package (DNA_MODEL).")
    var model: String?

    @Option(help: "The network's genesis (DNA_GENESIS).")
    var genesis: String?

    @Option(help: "A signed roster epoch, against which committees are checked (DNA_ROSTER).")
    var roster: String?

    @Option(help: "The sealed node key (DNA_NODE_KEY).")
    var nodeKey: String?

    @Option(help: "A file with the key's passphrase, closed to others (DNA_PASSPHRASE_FILE).")
    var passphraseFile: String?

    @Option(help: "An aggregator, http://host:port; repeat it for more (DNA_AGGREGATOR, separated by commas).")
    var aggregator: [String] = []

    @Option(help: "The folder of what the node must remember (DNA_STATE).")
    var state: String?

    @Option(help: ArgumentHelp(Self.threads.fullHelp))
    var threads: Int?

    @Option(help: ArgumentHelp(Self.cores.fullHelp))
    var cores: String?

    @Option(help: ArgumentHelp(Self.instructionSet.fullHelp))
    var instructionSet: String?

    @Option(help: ArgumentHelp(Self.host.fullHelp))
    var host: String?

    @Option(help: ArgumentHelp(Self.port.fullHelp))
    var port: Int?

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> WorkerOptions {
        func text(_ option: String?, _ name: String, _ variable: String) throws -> String {
            guard let text = option ?? environment[variable] else {
                throw ValidationError("--\(name) or \(variable) is required")
            }
            return text
        }
        return WorkerOptions(
            modelPath: try text(model, "model", "DNA_MODEL"),
            genesisPath: try text(genesis, "genesis", "DNA_GENESIS"), rosterPath: roster ?? environment["DNA_ROSTER"],
            nodeKeyPath: try text(nodeKey, "node-key", "DNA_NODE_KEY"),
            passphrasePath: try text(passphraseFile, "passphrase-file", "DNA_PASSPHRASE_FILE"),
            statePath: try text(state, "state", "DNA_STATE"), aggregators: try aggregators(environment),
            engine: try engine(environment))
    }

    func http(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> HTTPServiceOptions {
        HTTPServiceOptions(
            host: try Self.host.resolve(host, environment: environment),
            port: try Self.port.resolve(port, environment: environment))
    }

    private func aggregators(_ environment: [String: String]) throws -> [HTTPOrigin] {
        let inherited = environment["DNA_AGGREGATOR"]?.split(separator: ",").map(String.init) ?? []
        let texts = aggregator.isEmpty ? inherited : aggregator
        guard !texts.isEmpty else { throw ValidationError("--aggregator or DNA_AGGREGATOR is required") }
        return try texts.map { text in
            guard let origin = HTTPOrigin(text) else {
                throw ValidationError("--aggregator: not http://host:port: \(text)")
            }
            return origin
        }
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
            threads: try Self.threads.resolve(threads, environment: environment), cpus: cpus, instructionSet: set)
    }
}
