import ArgumentParser
import DNAProtocol
import Dispatch
import Foundation
import Glibc
import LocalNetwork
import ModelStorage
import ServiceArguments
import WorkerService

/// `dna up`.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a whole network on this machine until Ctrl-C.",
        discussion: """
            A private PostgreSQL, four signers with threshold three, aggregators, workers of three operators and a \
            gateway, each a process of its own, restarted if it dies. The first start founds the network and lets the \
            signers generate their group key. The folder's run/NAME.pid files hold the processes' ids. The services \
            take DNA_COMMIT_TIMEOUT, DNA_VOTE_TIMEOUT, DNA_LEASE_SECONDS, DNA_REQUEST_TIMEOUT and \
            DNA_REQUEST_LIFETIME from the environment.
            """)

    @Option(help: "Folder of the network's state.") var state = ".dna"
    @Option(help: "How many workers.") var workers = 3
    @Option(help: "How many aggregators; each takes over what a dead one held.") var aggregators = 1
    @Option(help: "The longest pause before a process that died is started again, in seconds.") var restartPause = 10.0
    @Option(help: "The gateway's port.") var port = 8080
    @Option(help: "The gateway's address.") var host = "127.0.0.1"
    @Option(help: "The GGUF file to serve (DNA_MODEL; scripts/fetch-model prints one).") var model: String?
    @Option(
        help: """
            Where workers get the package from, an address as `inference-worker --model` takes it; by default they \
            have it by its id from this machine's cache, into which it is put.
            """)
    var modelSource: String?
    @OptionGroup var storage: StorageArguments
    @Option(
        help: """
            A short name for the model in requests; by default what stands before the first '-' of its name, in small \
            letters.
            """)
    var alias: String?
    @Option(help: "Once ready, run this shell command, then stop; its exit status is this command's.") var then: String?

    func validate() throws {
        guard (3...LocalNetwork.maximumWorkers).contains(workers) else {
            throw ValidationError("--workers must be 3 to \(LocalNetwork.maximumWorkers)")
        }
        guard (1...8).contains(aggregators) else { throw ValidationError("--aggregators must be 1 to 8") }
        guard (0.2...3600).contains(restartPause) else { throw ValidationError("--restart-pause must be 0.2 to 3600") }
        if let modelSource { _ = try PackageAddress(modelSource) }
        guard alias.map(ModelRegistration.isAlias) != false else {
            throw ValidationError("--alias must be 1 to 64 of a-z, 0-9, '-', '.' and '_', and no model's id")
        }
        guard (1...65_535).contains(port) else { throw ValidationError("--port must be 1 to 65535") }
    }

    func run() async throws {
        guard let weights = model ?? ProcessInfo.processInfo.environment["DNA_MODEL"] else {
            throw ValidationError("--model or DNA_MODEL must name a GGUF file; ./scripts/fetch-model prints one")
        }
        let cache = try storage.resolve().cache(read: ModelReading.reader)
        var options = LocalNetwork.Options(
            executables: Self.ownFolder(), weights: Self.absolute(weights), cache: cache, storage: storage.given)
        options.workers = workers
        options.aggregators = aggregators
        options.longestRestartPause = .seconds(restartPause)
        options.port = port
        options.host = host
        options.alias = alias
        options.modelAddress = modelSource
        let folder = NetworkFolder(path: state)
        let network = LocalNetwork(folder: folder, options: options, report: Self.report)
        let command = then
        let started = ContinuousClock.now
        try await withInterruption {
            try await network.run { gateway in
                let seconds = (ContinuousClock.now - started) / .seconds(1)
                Console.note("ready after \(String(format: "%.1f", seconds)) s: \(gateway)")
                Console.note("network file: \(folder.networkFile)   logs: \(folder.path)/logs")
                if let command { try await Self.run(command, gateway: gateway) } else { try await Self.waitForever() }
            }
        }
    }

    private static func report(_ event: LocalNetwork.Event) {
        switch event {
        case .step(let text): Console.note(text)
        case .process(.died(let name, let exit)): Console.note("\(name) died (\(exit)); starting it again")
        case .process(.failed(let name, let reason)): Console.note("\(name) cannot be started: \(reason)")
        case .process: break
        }
    }

    private static func waitForever() async throws {
        while true { try await Task.sleep(for: .seconds(86_400)) }
    }

    private static func run(_ command: String, gateway: String) async throws {
        var environment = ProcessInfo.processInfo.environment
        environment["DNA_GATEWAY"] = gateway
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.environment = environment
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// The folder of this executable, where the services are too.
    private static func ownFolder() -> String {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return ((path ?? CommandLine.arguments[0]) as NSString).deletingLastPathComponent
    }
}
