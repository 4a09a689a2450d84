import DNAProtocol
import Glibc
import Hummingbird
import NIOPosix
import ServiceKit

/// What a signer answers over HTTP.
struct SignerRoutes: Sendable {
    /// The largest body of a share request, in bytes.
    static let bodyLimit = 16 << 20
    /// The longest a peer may wait for a message, in seconds.
    static let maximumWait = 60

    let board: MessageBoard
    let office: SigningOffice
    let metrics: SignerMetrics

    func add(to router: ServiceRouter) {
        router.addHealthRoutes(checks: [HealthCheck("share") { _ = try await office.desk() }])
        router.group().add(middleware: RequireRole(.signer)).getJSON("v1/key-generation/messages", messages)
        router.group().add(middleware: RequireRole(.signer, .aggregator, .administrator))
            .getJSON("v1/network-file") { _, _ in try await office.networkFile() }
        router.group().add(middleware: RequireRole(.administrator, .aggregator))
            .postJSON("v1/rosters", limit: SignedRoster.maximumBytes, roster)
        let signing = router.group().add(middleware: RequireRole(.aggregator))
        signing.postJSON("v1/signing/nonces") { (request: NonceRequest, context) in
            let desk = try await office.desk()
            let reply = try await offLoop { try desk.promise(request, at: .now) }
            metrics.noncesPromised()
            context.logger.debug("nonces promised", metadata: ["decision": "\(request.decision)"])
            return reply
        }
        signing.postJSON("v1/signing/shares", limit: Self.bodyLimit, share)
    }

    /// `step` names the message that is waited for, `wait` the seconds; both may be absent.
    private func messages(_ request: Request, _ context: ServiceContext) async throws -> KeyGenerationMessages? {
        let query = request.uri.queryParameters
        let step = try Self.number(query["step"].map { String($0) } ?? "1", in: 1...3, named: "step")
        let wait = try Self.number(query["wait"].map { String($0) } ?? "0", in: 0...Self.maximumWait, named: "wait")
        context.setDeadline(.seconds(wait + 10))
        let awaited = KeyGenerationMessage.Step(rawValue: step) ?? .roundOne
        return KeyGenerationMessages(messages: await board.messages(with: awaited, within: .seconds(wait)))
    }

    private static func number(_ text: String, in range: ClosedRange<Int>, named name: String) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Problem(.invalidArgument, "must be \(range.lowerBound) to \(range.upperBound)", field: name)
        }
        return number
    }

    /// Whoever brings an epoch need not be believed: the administrators have signed it.
    private func roster(_ signed: SignedRoster, _ context: ServiceContext) async throws -> PinnedRoster? {
        let desk = try await office.desk()
        do {
            return try await offLoop { try desk.take(signed) }
        } catch let refusal as Refusal {
            context.logger.warning(
                "roster refused", metadata: ["epoch": "\(signed.roster.epoch)", "reason": "\(refusal)"])
            var problem = Problem(refusal)
            if case .invalid = refusal {} else { problem.field = "roster" }
            throw problem
        }
    }

    private func share(_ request: ShareRequest, _ context: ServiceContext) async throws -> ShareReply? {
        let desk = try await office.desk()
        let began = ContinuousClock.now
        do {
            let reply = try await offLoop {
                try desk.sign(request, at: .now, clock: Timestamp(seconds: Int64(time(nil))))
            }
            metrics.share(nil, after: .now - began)
            context.logger.info("share given", metadata: ["request": "\(request.decision.request)"])
            return reply
        } catch let refusal as Refusal {
            metrics.share(refusal, after: .now - began)
            context.logger.warning(
                "share refused", metadata: ["request": "\(request.decision.request)", "reason": "\(refusal)"])
            throw Problem(refusal)
        }
    }

    /// Curve arithmetic and fsync must not hold up an event loop.
    private func offLoop<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

extension Problem {
    /// Types beside ServiceKit's own, for what an aggregator reacts to.
    init(_ refusal: Refusal) {
        switch refusal {
        case .invalid(let field): self.init(.invalidArgument, field.reason, field: field.field)
        case .rosterContradictory: self.init(.conflict, "\(refusal)", field: "evidence.roster")
        case .rosterSuperseded:
            self.init(.conflict, "\(refusal)", field: "evidence.roster")
            type = "urn:dna:problem:roster-superseded"
        case .voterRevoked:
            self.init(.conflict, "\(refusal)", field: "decision.voters")
            type = "urn:dna:problem:voter-revoked"
        case .staleDecision: self.init(.invalidArgument, "\(refusal)", field: "decision.decided_at")
        case .alreadyDecided:
            self.init(.conflict, "\(refusal)", field: "decision")
            type = "urn:dna:problem:already-decided"
        case .unknownNonces:
            self.init(.conflict, "\(refusal)", field: "commitments")
            type = "urn:dna:problem:unknown-nonces"
        }
    }
}
