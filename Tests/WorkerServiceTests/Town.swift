import Consensus
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import Inference
import Logging
import ModelStorage
import ServiceKit
import TestKit
import WorkerService

extension RealModel {
    /// One engine for all tests: it queues what they ask.
    static let engine = Result { try Engine(modelPath: path, options: EngineOptions(contextLength: 2048)) }

    static func computation(_ manifest: Manifest) throws -> RequestComputation {
        try RequestComputation(model: PublishedModel(ofSmallFiles: manifest), engine: try engine.get())
    }
}

/// Something came otherwise than the test needs it.
struct Unexpected: Error {}

/// A small network, an aggregator on a socket, and workers that the test starts and stops.
struct Town: Sendable {
    var fixture: Fixture
    let aggregator = TestAggregator()
    let lines = RecordingLog.Lines()
    let state = NSTemporaryDirectory() + "worker-" + UUID().uuidString

    init(operators: Int = 3) throws {
        fixture = try Fixture(operators: Array(repeating: (1, 1), count: operators))
    }

    func request(_ prompt: String = "The capital of France is", tokens: Int = 3) throws -> Request {
        var request = try fixture.request(prompt)
        request.maximumTokens = tokens
        // Keys, and so seeds, are fresh in each run; how long the answer is should not be.
        request.sampling.temperature = 0
        return request
    }

    /// A request for a model that is not the town's own.
    func request(for model: PublishedModel) throws -> Request {
        var request = try request()
        request.model = model.id
        request.policy = model.manifest.policy
        return request
    }

    /// An assignment whose deadline is far away.
    func assignment(_ request: Request, _ committee: Committee? = nil) throws -> Assignment {
        Assignment(
            request: request, committee: try committee ?? fixture.committee(request),
            deadline: Worker.timeOfDay() + 600)
    }

    /// The key of the first member.
    func worker(of assignment: Assignment) throws -> Ed25519.SigningKey {
        guard let key = fixture.nodes[assignment.committee.members[0].node] else { throw Unexpected() }
        return key
    }

    /// The set of `own` and what the other members would have sent.
    func set(_ assignment: Assignment, with own: [Commitment]) throws -> CommitmentSet {
        let others = try assignment.committee.members.dropFirst().map { member in
            try fixture.commitment(to: fixture.body(assignment.request, assignment.committee, member.node, text: "x"))
        }
        return CommitmentSet(round: assignment.committee.round, commitments: others + own)
    }

    /// Runs the aggregator during `body`.
    func open(_ body: @Sendable (HTTPOrigin) async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: state) }
        let logger = Logger(label: "aggregator") { _ in SwiftLogNoOpLogHandler() }
        let service = HTTPService(router: aggregator.router(), options: HTTPServiceOptions(), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body(HTTPOrigin(host: "127.0.0.1", port: try await service.port()))
            group.cancelAll()
        }
    }

    /// Runs a worker during `body`: a new one each time, on the same state.
    func withWorker(
        _ key: Ed25519.SigningKey, _ origins: [HTTPOrigin], admission: WorkerAdmission? = nil,
        engine: Engine? = nil, taking options: WorkerOptions? = nil, _ body: @Sendable (Worker) async throws -> Void
    ) async throws {
        let (aggregator, lines) = (aggregator, lines)
        let logger = Logger(label: "worker") { _ in RecordingLog(aggregator: aggregator, lines: lines) }
        var pacing = WorkerPacing()
        pacing.longestPause = .milliseconds(5)
        pacing.registrationInterval = .milliseconds(20)
        pacing.longestTakeUpPause = .milliseconds(20)
        pacing.withdrawalGrace = .zero
        let client = HTTPClient(logger: logger)
        var parts = WorkerParts(
            genesis: fixture.genesis, roster: fixture.roster.roster, key: key,
            models: [
                ServedModel(
                    try RequestComputation(model: fixture.model(), engine: engine ?? RealModel.engine.get()))
            ],
            aggregators: origins, statePath: state)
        parts.admission = admission
        if let options {
            parts.loader = ModelLoader(options, genesis: fixture.genesis, key: key, logger: logger)
        }
        let worker = try Worker(parts, pacing: pacing, client: client, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                if admission != nil { try await worker.admitted() }
                try await worker.run()
            }
            try await body(worker)
            group.cancelAll()
        }
        await client.shutdown()
    }

    /// Where what workers fetch is kept.
    var cache: String { state + "/cache" }

    /// How a worker takes up what is registered.
    func storage(memory: Int? = nil) -> WorkerOptions {
        var options = WorkerOptions(
            models: [], storage: StorageOptions(cacheFolder: cache), genesisPath: "", rosterPath: nil,
            nodeKeyPath: "", passphrasePath: "", statePath: state, aggregators: [],
            engine: EngineOptions(contextLength: 256))
        options.modelMemory = memory
        return options
    }

    /// What an aggregator says of a node.
    func standing(
        _ key: Ed25519.SigningKey, _ status: NodeStanding.Status, certificate: String? = nil
    ) throws -> NodeStanding {
        NodeStanding(
            node: key.publicKey, status: status, operator: "operator-0",
            roster: try fixture.roster.roster.rosterID(), epoch: 2, certificate: certificate)
    }

    /// Waits until the worker has logged a line with `text`.
    func logged(_ text: String) async -> String? {
        let lines = lines
        return await aggregator.wait { _ in lines.first(text) }
    }
}
