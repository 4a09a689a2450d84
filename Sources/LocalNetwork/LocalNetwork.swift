import CoordinatorStore
import Cryptography
import DNAProtocol
import Foundation
public import ModelStorage
import NodeState
import Postgres

/// A whole network on one machine: a private PostgreSQL, signers, an aggregator, workers and a gateway, each a process
/// of its own, supervised.
public struct LocalNetwork: Sendable {
    /// What to run.
    public struct Options: Sendable {
        /// How many workers.
        public var workers = 3
        /// How many replicas of the aggregator.
        public var aggregators = 1
        /// The longest pause before a process that died is started again.
        public var longestRestartPause: Duration = .seconds(10)
        /// The gateway's address.
        public var host = "127.0.0.1"
        /// The gateway's port; 0 takes one that is free.
        public var port = 8080
        /// The folder of the executables.
        public var executables: String
        /// The GGUF file the workers serve.
        public var weights: String
        /// A short name for the model; nil derives one from its name.
        public var alias: String?
        /// Where workers get the package; nil for the cache, into which it is put.
        public var modelAddress: String?
        /// Where the workers' packages are.
        public var cache: PackageCache
        /// Options by which workers fetch packages and find the cache.
        public var storage: [String]

        /// Names the executables, the weights and the cache.
        public init(executables: String, weights: String, cache: PackageCache, storage: [String]) {
            self.executables = executables
            self.weights = weights
            self.cache = cache
            self.storage = storage
        }
    }

    /// What is going on, for people.
    public enum Event: Sendable {
        /// A step began.
        case step(String)
        /// A process started, died or ended.
        case process(ProcessSupervisor.Event)
    }

    /// The most workers a local network has.
    public static let maximumWorkers = 64

    private static let renewalInterval: Duration = .seconds(3_600)

    private let folder: NetworkFolder
    private let options: Options
    private let report: @Sendable (Event) -> Void

    /// A network in `folder`; ``run(whenReady:)`` starts it.
    public init(folder: NetworkFolder, options: Options, report: @escaping @Sendable (Event) -> Void) {
        self.folder = folder
        self.options = options
        self.report = report
    }

    /// Starts everything, calls `whenReady`, and stops everything when that returns or throws.
    public func run(whenReady: @Sendable (_ gateway: String) async throws -> Void) async throws {
        let genesis = try found()
        try certificates(genesis)
        report(.step("packing the model"))
        let model = try await LocalModel.prepare(
            weights: options.weights, folder: folder.model, listing: folder.modelListing, genesis: genesis)
        let alias = options.alias ?? LocalModel.alias(ofModel: model.manifest.name)
        report(.step("model \(model.id)\(alias.map { ", for short \($0)" } ?? "")"))
        let held = options.modelAddress == nil ? try await cached(model) : nil
        defer { withExtendedLifetime(held) {} }
        let served = Served(alias: alias, address: options.modelAddress ?? "\(PackageAddress.ipfs(model.id.cid))")
        report(.step("starting PostgreSQL"))
        let cluster = try await PostgresCluster.start(folder: folder.postgres(of: try genesis.networkID()))
        let result = await outcome { try await supervise(cluster, genesis, served, whenReady) }
        await cluster.stop()
        try result.get()
    }

    /// Puts the model into the cache, where it stays as long as the result lives.
    private func cached(_ model: PublishedModel) async throws -> CachedPackage {
        report(.step("putting it into the cache of packages"))
        return try await options.cache.add(folder.model, id: model.id.cid)
    }

    /// The model that is served.
    struct Served {
        /// Its short name.
        let alias: String?
        /// Where workers get it.
        let address: String
    }

    private func supervise(
        _ cluster: PostgresCluster, _ genesis: Genesis, _ model: Served,
        _ whenReady: @Sendable (String) async throws -> Void
    ) async throws {
        let pids = RunFolder(path: folder.run)
        try pids.prepare()
        let report = report
        let note: @Sendable (ProcessSupervisor.Event) -> Void = { event in
            pids.note(event)
            report(.process(event))
        }
        var limits = ProcessSupervisor.Limits()
        limits.longestPause = options.longestRestartPause
        let supervisor = ProcessSupervisor(limits: limits, onEvent: note)
        let watch = DatabaseWatch(cluster: cluster, limits: limits, onEvent: note)
        let result = await watch.during {
            await outcome { try await serve(cluster, supervisor, genesis, model, whenReady) }
        } finally: {
            report(.step("stopping"))
            await supervisor.stop()
        }
        try result.get()
    }

    private func found() throws -> Genesis {
        let founding = Founding(folder: folder)
        if !folder.isFounded {
            report(.step("founding a network: keys, genesis, roster"))
            _ = try founding.found(Founding.Options(), createdAt: Self.now())
        }
        try founding.ensureInvitations(at: Self.now())
        return try JSONFile.read(Genesis.self, path: folder.genesis)
    }

    private static func now() -> Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    private func certificates(_ genesis: Genesis) throws {
        let founding = Founding(folder: folder)
        try LocalCertificates(
            folder: folder, network: try genesis.networkID(), passphrase: try founding.passphrase()
        ).ensureAll(
            signers: genesis.signers.members.count, aggregators: options.aggregators)
    }

    /// Workers join by invitation. One whose node was revoked begins as another, and nodes that have no worker this time
    /// leave the roster, so that nobody counts on them.
    private func prepareNodes(_ signed: SignedRoster, _ plan: ServicePlan) async throws {
        try JSONFile.write(signed, path: folder.roster)
        let founding = Founding(folder: folder)
        var idle: [Ed25519.PublicKey] = []
        for (number, key) in try founding.nodes() {
            let status = signed.roster.node(key)?.status
            if status == .revoked { try founding.setAside(node: number, key) }
            if status == .active, number > options.workers { idle.append(key) }
        }
        guard !idle.isEmpty else { return }
        report(.step("taking \(idle.count) node(s) without a worker off the roster"))
        try await administer(plan.retiring(idle), "the nodes were not taken off")
    }

    /// The administrator gives the model its short name, the first time it is served.
    private func registerModel(as alias: String?, _ plan: ServicePlan) async throws {
        guard let alias else { return }
        try await administer(plan.registering(alias), "the model was not registered")
    }

    private func administer(_ command: ProcessSpecification, _ failure: String) async throws {
        let exit = try await ChildProcess.start(command).waitForExit()
        guard exit == .exited(0) else { throw LocalNetworkError("\(failure); the administrator's log says why") }
    }

    /// Renews what is due as long as the network runs; the services take up new files by themselves.
    private func renewCertificates(_ genesis: Genesis) async {
        while (try? await Task.sleep(for: Self.renewalInterval)) != nil {
            do { try certificates(genesis) } catch { report(.step("cannot renew the certificates: \(error)")) }
        }
    }

    private func serve(
        _ cluster: PostgresCluster, _ supervisor: ProcessSupervisor, _ genesis: Genesis, _ model: Served,
        _ whenReady: @Sendable (String) async throws -> Void
    ) async throws {
        let database = try await LocalDatabase.prepare(cluster)
        let plan = try ServicePlan(
            folder: folder, options: options, model: model, genesis: genesis, database: database)
        let probe = try ReadinessProbe(folder: folder)
        do {
            report(.step("starting the signers (the first start generates the group key)"))
            for specification in plan.signers { try await supervisor.start(specification) }
            let networkFile = try await probe.networkFile(of: plan.signerOrigins)
            try networkFile.validate()
            try JSONFile.write(networkFile, path: folder.networkFile)
            report(.step("starting \(options.aggregators) aggregator(s), \(options.workers) workers and the gateway"))
            try plan.addresses.write(folder)
            defer { ServiceAddresses.remove(folder) }
            for specification in plan.coordinators { try await supervisor.start(specification) }
            try await prepareNodes(try await probe.roster(of: plan.aggregatorOrigins, in: genesis), plan)
            for specification in plan.workers { try await supervisor.start(specification) }
            try await registerModel(as: model.alias, plan)
            try await probe.waitUntilReady(plan.workerOrigins + plan.aggregatorOrigins + [plan.gatewayOrigin])
            try await withThrowingTaskGroup { group in
                group.addTask { await renewCertificates(genesis) }
                try await whenReady(plan.gatewayOrigin)
                group.cancelAll()
            }
            await probe.shutdown()
        } catch {
            await probe.shutdown()
            throw error
        }
    }
}

private func outcome<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
