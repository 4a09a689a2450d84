import Canonical
import Cryptography
import DNAProtocol
import HTTPTransport
public import Logging
import NodeState
public import ServiceKit
public import ServiceLifecycle
import TLS
import Threshold

/// A signer: holds one share of the group key, checks decisions for itself, signs one per request.
///
/// At its first start it generates the key with the other signers; no dealer, and no share is ever in two places.
public final class Signer: Service {
    private let http: HTTPService
    private let client: HTTPClient
    private let keyGeneration: KeyGenerationService?
    private let board: MessageBoard
    private let folder: SignerFolder

    /// Opens the state and takes up what is there. Throws what an operator has to look at: `SignerError`, `StateError`,
    /// `InvalidField` or a file's own error.
    public init(options: SignerOptions, logger: Logger, metrics: MetricsRegistry = MetricsRegistry()) throws {
        try LibraryCheck.run()
        var logger = logger
        logger[metadataKey: "signer"] = "\(options.identifier)"
        let measured = SignerMetrics(metrics)
        let opening = try Opening(options, logger, measured)
        measured.show(opening.office)
        board = opening.board
        folder = opening.folder
        var clientOptions = HTTPClientOptions()
        clientOptions.tls = options.peerTLS
        client = HTTPClient(options: clientOptions, logger: logger)
        keyGeneration = try opening.begin(client)
        let router = ServiceRouter.service()
        router.add(middleware: RequireRole.any)
        SignerRoutes(board: opening.board, office: opening.office, metrics: measured).add(to: router)
        router.addMetricsRoute(metrics)
        http = HTTPService(router: router, options: options.http, logger: logger, metrics: metrics)
    }

    /// The port, once it is bound.
    public func port() async throws -> Int { try await http.port() }

    /// Serves until it is stopped. Throws when it cannot listen, or cannot write its state any more. Runs once.
    public func run() async throws {
        // Peers that wait for a message would hold up the server's end.
        let result = await withTaskCancellationOrGracefulShutdownHandler {
            await Result(catching: serve)
        } onCancelOrGracefulShutdown: { [board] in
            board.close()
        }
        await client.shutdown()
        folder.release()
        try result.get()
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.http.run()
                return true
            }
            if let keyGeneration {
                group.addTask {
                    try await keyGeneration.run()
                    return false
                }
            }
            // The key generation ends long before the service does, unless it fails.
            while let isServiceOver = try await group.next() {
                if isServiceOver { group.cancelAll() }
            }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// What a signer finds when it starts.
private struct Opening {
    let options: SignerOptions
    let genesis: Genesis
    let folder: SignerFolder
    let pin: RosterPin
    let passphrase: SecretBytes
    let board = MessageBoard()
    let office = SigningOffice()
    let logger: Logger
    let metrics: SignerMetrics

    init(_ options: SignerOptions, _ logger: Logger, _ metrics: SignerMetrics) throws {
        self.options = options
        self.logger = logger
        self.metrics = metrics
        genesis = try JSONFile.read(Genesis.self, path: options.genesisPath)
        try genesis.validate()
        try Self.checkCertificate(options, genesis)
        passphrase = try Passphrase.read(path: options.passphrasePath)
        folder = try SignerFolder(path: options.statePath, passphrase: passphrase, cost: options.sealingCost)
        pin = try Self.pin(options, genesis, folder, logger)
    }

    /// With another's certificate the others would refuse this signer, one by one and without saying why.
    private static func checkCertificate(_ options: SignerOptions, _ genesis: Genesis) throws {
        guard let identity = options.certificateIdentity else { return }
        let own = PeerIdentity(
            network: try genesis.networkID().hex, role: .signer, name: String(options.identifier))
        guard identity == own else { throw SignerError.foreignCertificate(identity.uri, options.identifier) }
    }

    private static func pin(
        _ options: SignerOptions, _ genesis: Genesis, _ folder: SignerFolder, _ logger: Logger
    ) throws -> RosterPin {
        let offered = try options.rosterPath.map { try JSONFile.read(SignedRoster.self, path: $0) }
        guard let known = try folder.pinnedRoster() ?? offered else { throw SignerError.noRoster }
        var pin = try RosterPin(known, known: try folder.knownEpochs(), in: genesis)
        let roster = offered ?? known
        switch try pin.relation(of: roster, in: genesis) {
        case .same, .newer: try pin.advance(to: roster)
        case .past, .unknown: logger.warning("the roster given is older than the one known, which stays")
        case .contradictory: throw SignerError.contradictoryRoster(options.rosterPath ?? folder.path)
        }
        try folder.pin(pin)
        return pin
    }

    /// Opens the office, or begins what will.
    func begin(_ client: HTTPClient) throws -> KeyGenerationService? {
        for message in try folder.ceremonyRecord()?.messages ?? [] { board.publish(message) }
        if let active = try folder.activeShare(genesis: genesis, identifier: options.identifier) {
            try open(active.share, active.file)
            return nil
        }
        metrics.entered(.generating)
        let participant = try participant()
        let ceremony = try Ceremony(
            participant, seed: folder.ceremonySeed(for: participant), record: folder.ceremonyRecord(),
            pending: folder.pendingShare(identifier: options.identifier))
        let generator = KeyGenerator(ceremony, folder: folder, board: board, logger: logger)
        office.close { await generator.standing.description }
        return KeyGenerationService(
            generator: generator, board: board, peers: try peers(of: participant), client: client
        ) { standing in
            if case .aborted = standing { metrics.entered(.aborted) }
            guard case .finished = standing,
                let active = try folder.activeShare(genesis: genesis, identifier: options.identifier)
            else { return }
            try open(active.share, active.file)
        }
    }

    private func participant() throws -> CeremonyParticipant {
        try CeremonyParticipant(
            genesis: genesis, identifier: options.identifier,
            identity: KeyFile.signingKey(.signerIdentity, path: options.identityKeyPath, passphrase: passphrase),
            encryption: KeyFile.encryptionKey(path: options.encryptionKeyPath, passphrase: passphrase))
    }

    private func peers(of participant: CeremonyParticipant) throws -> [Int: HTTPOrigin] {
        var peers: [Int: HTTPOrigin] = [:]
        for peer in participant.peers {
            guard let origin = options.peers[peer.identifier] else { throw SignerError.unknownPeer(peer.identifier) }
            peers[peer.identifier] = origin
        }
        return peers
    }

    private func open(_ share: KeyShare, _ file: NetworkFile) throws {
        let desk = try SigningDesk(
            share: share, genesis: genesis, pin: pin, register: DecisionRegister(folder: folder.decisionsPath),
            storeRoster: { [folder] in try folder.pin($0) })
        office.open(desk, file)
        metrics.entered(.finished)
        logger.notice("ready to sign", metadata: ["group_key": "\(file.groupKey)"])
    }
}
