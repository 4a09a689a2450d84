import AggregatorService
import Canonical
import Consensus
import CoordinatorStore
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import Logging
import NIOCore
import Postgres
import ServiceKit
import Synchronization
import TestKit
import Testing

/// A network in one process: real sockets, a real PostgreSQL, real signing desks; nodes whose keys the test holds.
final class Town: Sendable {
    let fixture: Fixture
    let group: TestGroup
    let clock: ManualClock
    let database: CoordinatorDatabase
    let gateway: RequestStore
    let store: AggregatorStore
    let signers: [TestSigner]
    private let origins: [Int: HTTPOrigin]
    private let services: [Task<Void, any Error>]
    let client = HTTPClient(logger: Town.logger)
    private let aggregators = Mutex<[String: Task<Void, any Error>]>([:])
    private let workers = Mutex<[Task<Void, any Error>]>([])

    static let logger = Logger(label: "town") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` in a fresh town, and stops everything afterwards.
    static func run(
        operators: Int = 3, policy: Policy = Policy(rule: .majority, committee: 3), administrators: Int = 1,
        _ body: (Town) async throws -> Void
    ) async throws {
        let town = try await Town(operators: operators, policy: policy, administrators: administrators)
        do {
            try await body(town)
        } catch {
            await town.stop()
            throw error
        }
        await town.stop()
    }

    private init(operators: Int, policy: Policy, administrators: Int) async throws {
        fixture = try Fixture(
            operators: (0..<operators).map { _ in (weight: 1, nodes: 1) }, policy: policy,
            administrators: administrators)
        let clock = ManualClock(Timestamp(seconds: Int64(Date().timeIntervalSince1970)))
        self.clock = clock
        let group = try TestGroup(fixture)
        self.group = group
        database = try await SharedCluster.coordinatorDatabase()
        gateway = RequestStore(pool: database.gateway)
        store = AggregatorStore(pool: database.aggregator)
        let fixture = fixture
        signers = try group.shares.map { try TestSigner($0, fixture, group.file, clock: clock) }
        var services: [Task<Void, any Error>] = []
        var origins: [Int: HTTPOrigin] = [:]
        for signer in signers {
            let service = signer.service(Self.logger)
            services.append(Task { try await service.run() })
            origins[signer.identifier] = HTTPOrigin(host: "127.0.0.1", port: try await service.port())
        }
        self.services = services
        self.origins = origins
    }

    private func stop() async {
        let workers = workers.withLock { $0 }
        for worker in workers { worker.cancel() }
        for worker in workers { _ = await worker.result }
        for name in aggregators.withLock({ Array($0.keys) }) { await stopAggregator(name) }
        await client.shutdown()
        for service in services { service.cancel() }
        for service in services { _ = await service.result }
        await database.close()
    }

    // MARK: Aggregators

    func options(_ name: String) throws -> AggregatorOptions {
        var options = AggregatorOptions(
            database: database.aggregator.configuration, genesis: fixture.genesis, roster: fixture.roster,
            models: [try fixture.model()], signers: origins)
        options.replicaName = name
        options.commitTimeout = 20
        options.voteTimeout = 10
        options.leaseSeconds = 5
        options.signingPause = .milliseconds(5)
        options.databaseConnections = 4
        return options
    }

    /// Starts a replica and returns where it listens, once its network is registered.
    @discardableResult
    func startAggregator(_ name: String = "one") async throws -> HTTPOrigin {
        let service = try AggregatorService(options(name), clock: clock, logger: Self.logger)
        let task = Task { try await service.run() }
        aggregators.withLock { $0[name] = task }
        let origin = HTTPOrigin(host: "127.0.0.1", port: try await service.port())
        let json = JSONClient(client, origin: origin, retry: .never)
        try await eventually { (try? await json.get("/v1/network", as: NetworkFile.self)) != nil || self.noSigner }
        return origin
    }

    /// Without any signer no replica learns the network file the first time.
    private var noSigner: Bool {
        signers.allSatisfy { if case .down = $0.behaviour.withLock({ $0 }) { true } else { false } }
    }

    func stopAggregator(_ name: String = "one") async {
        let task = aggregators.withLock { $0.removeValue(forKey: name) }
        task?.cancel()
        _ = await task?.result
    }

    func json(_ origin: HTTPOrigin) -> JSONClient { JSONClient(client, origin: origin, retry: .never) }

    /// The signers, as one who can reach them sees them.
    var signerClients: [Int: JSONClient] { origins.mapValues { JSONClient(client, origin: $0, retry: .never) } }

    /// Why a call was refused; nil when it was not.
    func refusal(_ body: () async throws -> Void) async throws -> Problem? {
        do {
            try await body()
            return nil
        } catch let error as ServiceError {
            return try #require(error.cause as? Problem)
        }
    }

    func readiness(_ origin: HTTPOrigin) async throws -> Readiness {
        let response = try await client.send(.get, "/readyz", to: origin, deadline: .seconds(10))
        return try CanonicalJSON.decode(Readiness.self, from: Array(response.body.readableBytesView))
    }

    // MARK: Nodes and requests

    func node(_ key: Ed25519.PublicKey, at origin: HTTPOrigin) throws -> TestNode {
        TestNode(
            key: try #require(fixture.nodes[key]), fixture: fixture, clock: clock, client: client, origin: origin)
    }

    /// The first committee's nodes, by rank.
    func members(of request: DNAProtocol.Request, at origin: HTTPOrigin) throws -> [TestNode] {
        try fixture.committee(request).members.map { try node($0.node, at: origin) }
    }

    /// Lets a node work until the town stops.
    func work(_ node: TestNode, answering text: String = "Paris") {
        workers.withLock { $0.append(Task { try await node.work(answering: text) }) }
    }

    @discardableResult
    func ask(_ request: DNAProtocol.Request, lifetime: Int = 100) async throws -> RequestRecord {
        try await gateway.accept(request, lifetime: lifetime)
    }

    func record(_ request: DNAProtocol.Request) async throws -> RequestRecord {
        try #require(try await gateway.find(try request.requestID()))
    }

    /// Moves the clock to the moment the request expires. The database has set it, by a clock of its own.
    func letExpire(_ request: DNAProtocol.Request) async throws {
        clock.advance(by: try await record(request).expiresAt.seconds - clock.now().seconds)
    }

    /// Waits until the request has come to a state.
    func reach(_ state: RequestState, _ request: DNAProtocol.Request) async throws {
        try await eventually { try await self.record(request).state == state }
    }

    /// Waits until the latest round has so many commitments.
    func reach(commitments count: Int, round number: Int = 1, _ request: DNAProtocol.Request) async throws {
        let id = try request.requestID()
        try await eventually {
            let round = try await self.gateway.rounds(of: id).last
            return round?.number == number && round?.commitments.count == count
        }
    }

    /// Waits for the certificate and verifies it as everybody can.
    func certified(_ request: DNAProtocol.Request) async throws -> DNAProtocol.Bundle {
        try await eventually { try await self.record(request).state.isFinal }
        let record = try await record(request)
        #expect(record.state == .certified, "\(record.reason ?? "")")
        let bundle = try #require(try await gateway.bundle(of: try request.requestID()))
        let verification = Verification(of: bundle, networkFile: group.file)
        #expect(verification.verdict == .valid, "\(verification.checks.filter { $0.failure != nil })")
        return bundle
    }

    func set(_ behaviour: TestSigner.Behaviour, signers identifiers: Int...) {
        for signer in signers where identifiers.contains(signer.identifier) {
            signer.behaviour.withLock { $0 = behaviour }
        }
    }
}
