import Administration
import Consensus
import CoordinatorStore
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import ServiceKit
import Synchronization
import TestKit
import Testing

/// Nodes that come and go, the aggregator at the door and the administrator behind it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AdmissionTests {
    @Test func anInvitedNodeJoinsWorksLeavesAndComesBack() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let json = town.json(origin)
            let token = try town.fixture.invitation()
            let key = Ed25519.SigningKey()
            let pending = try await town.join(key, by: [token], at: json)
            #expect(pending.status == .pending && pending.epoch == 1)
            let waiting = Task { try await town.join(key, by: [token], at: json, wait: 60) }
            let admissions = try town.admissions(json)
            try await admissions.approve()
            let active = try await waiting.value
            #expect(active.status == .active && active.operator == "operator-0" && active.epoch == 2)
            #expect(active.certificate == "certificate of \(key.publicKey)")
            let node = TestNode(
                key: key, fixture: town.fixture, clock: town.clock, client: town.client, origin: origin)
            #expect(try await node.poll(wait: 0).send(to: node) == nil)

            let leave = LeaveRequest.Body(
                network: try town.fixture.genesis.networkID(), node: key.publicKey, at: town.clock.now())
            try await json.post("/v1/nodes/leave", try LeaveRequest(body: leave, key: key))
            try await admissions.approve()
            let standing: NodeStanding = try await json.get("/v1/nodes/\(key.publicKey.hex)")
            #expect(standing.status == .left && standing.epoch == 3)
            let refusal = try await town.refusal { _ = try await node.poll(wait: 0).send(to: node) }
            #expect(refusal?.status == 403)

            #expect(try await town.join(key, by: [token], at: json).status == .pending)
            try await admissions.approve()
            #expect(try await town.join(key, by: [token], at: json).status == .active)
        }
    }

    @Test func theDoorNamesWhatIsWrongWithAnApplication() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let key = Ed25519.SigningKey()
            let spent = try town.fixture.invitation()
            let holder = Ed25519.SigningKey()
            _ = try await town.join(holder, by: [spent], at: json)
            try await town.admissions(json).approve()
            let bad = [
                spent, try town.fixture.invitation(expiresAt: town.clock.now()),
                try town.fixture.invitation(signedBy: key), try town.fixture.invitation(to: "nobody"),
            ]
            for token in bad {
                let refusal = try await town.refusal { _ = try await town.join(key, by: [token], at: json) }
                #expect(refusal?.type == "urn:dna:problem:invitation")
            }
            let old = try town.fixture.join(key, by: [bad[0]], at: town.clock.now() + -121)
            let late = try await town.refusal { try await json.post("/v1/nodes/join", old) }
            #expect(late?.field == "body.at")
            var forged = try town.fixture.join(key, by: [try town.fixture.invitation()], at: town.clock.now())
            forged.body.node = holder.publicKey
            let stolen = try await town.refusal { [forged] in try await json.post("/v1/nodes/join", forged) }
            #expect(stolen?.field == "signature")
        }
    }

    @Test func aRevokedNodeStaysOut() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let (node, key) = try #require(town.fixture.nodes.first)
            let outcome = try await town.administrator(json).change { try $0.revoke(node) }
            #expect(outcome.receipt?.state == .published)
            let token = try town.fixture.invitation()
            let refusal = try await town.refusal { _ = try await town.join(key, by: [token], at: json) }
            #expect(refusal?.type == "urn:dna:problem:revoked")
        }
    }

    @Test func aLyingAggregatorCannotSpendATokenTwice() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let token = try town.fixture.invitation()
            let (first, second) = (Ed25519.SigningKey(), Ed25519.SigningKey())
            _ = try await town.join(first, by: [token], at: json)
            try await town.admissions(json).approve()
            // Past the door: the database is the aggregator's.
            let join = try town.fixture.join(second, by: [token], at: town.clock.now())
            try await town.store.apply(join, invitations: [(try token.invitationID(), 1)])
            let refused = Mutex<[Ed25519.PublicKey]>([])
            let admissions = try town.admissions(json) { event in
                if case .refused(let node, _) = event { refused.withLock { $0.append(node) } }
            }
            try await admissions.approve()
            #expect(refused.withLock { $0 } == [second.publicKey])
            let roster: SignedRoster = try await json.get("/v1/roster")
            #expect(roster.roster.epoch == 2 && roster.roster.node(second.publicKey) == nil)
        }
    }

    @Test func whereTwoMustSignAnEpochWaitsForTheSecond() async throws {
        try await Town.run(administrators: 2) { town in
            let json = town.json(try await town.startAggregator())
            let one = try town.administrator(json)
            let two = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.second, aggregators: [json], pinPath: nil)
            let token = try town.fixture.invitation()
            let key = Ed25519.SigningKey()
            _ = try await town.join(key, by: [token], at: json)
            let join = try await one.applications().joins
            let outcome = try await one.change { plan in
                for join in join { try plan.admit(join, at: town.clock.now()) }
            }
            #expect(outcome.receipt?.state == .proposed && outcome.receipt?.signatures == 1)
            #expect(try await one.roster().roster.epoch == 1)
            let proposal = try #require(try await two.proposals().first)
            let changes = RosterPlan.changes(from: try await two.roster().roster, to: proposal.roster)
            #expect(changes == [.joined(key.publicKey, operator: "operator-0")], "what the second one signs")
            #expect(try await one.sign(proposal).state == .proposed, "the first one's signature counts once")
            #expect(try await two.sign(proposal).state == .published)
            #expect(try await one.roster().roster.node(key.publicKey)?.status == .active)
            #expect(try await two.proposals().isEmpty)
            #expect(town.signers.allSatisfy { $0.rosterEpoch == 2 }, "with both signatures")
        }
    }

    @Test func nodesAreTakenOffOnlyAfterHavingBeenMissedForAsLong() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            // Each operator keeps a node: this one's operator gets more.
            let node = try #require(town.fixture.roster.roster.nodes.first { $0.operator == "operator-0" }).key
            let polling = try town.node(node, at: json.origin)
            _ = try await polling.poll(wait: 0).send(to: polling)
            // Everything was down for a day, the administrator too.
            town.clock.advance(by: 86_400)
            let changes = Mutex<[RosterPlan.Change]>([])
            let admissions = try town.admissions(json, retireAfter: 900) { event in
                if case .changed(let outcome) = event { changes.withLock { $0 += outcome.changes } }
            }
            let watch = Task { await admissions.watch() }
            let token = try town.fixture.invitation(uses: 3)
            func letOneIn() async throws {
                let key = Ed25519.SigningKey()
                _ = try await town.join(key, by: [token], at: json)
                let joined = RosterPlan.Change.joined(key.publicKey, operator: "operator-0")
                try await eventually { changes.withLock { $0.contains(joined) } }
            }
            // When the second one is in, the first look is over.
            try await letOneIn()
            try await letOneIn()
            #expect(!changes.withLock { $0.contains(.left(node)) })
            town.clock.advance(by: 901)
            try await letOneIn()
            try await eventually { changes.withLock { $0.contains(.left(node)) } }
            watch.cancel()
            await watch.value
            #expect(try await town.administrator(json).roster().roster.node(node) == nil)
        }
    }

    @Test func anAdministratorIsNotLedBack() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let path = NSTemporaryDirectory() + "dna-pin-\(UUID().uuidString).json"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let administrator = try town.administrator(json, pin: path)
            _ = try await administrator.change { $0.set(.init(name: "late", weight: 3)) }
            #expect(try await administrator.roster().roster.epoch == 2)
            // A coordinator that has lost, or hides, the newest epoch.
            try await town.database.owner.query("DELETE FROM rosters WHERE epoch = 2")
            let again = try town.administrator(json, pin: path)
            await #expect(throws: InvalidField.self) { try await again.roster() }
        }
    }

    @Test func anAdministratorGoesOnAtTheNextAggregator() async throws {
        try await Town.run { town in
            let (one, two) = (try await town.startAggregator("one"), try await town.startAggregator("two"))
            let administrator = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.administrator,
                aggregators: [town.json(one), town.json(two)], pinPath: nil)
            #expect(try await administrator.roster().roster.epoch == 1)
            await town.stopAggregator("one")
            let outcome = try await administrator.change { $0.set(.init(name: "late", weight: 3)) }
            #expect(outcome.receipt?.state == .published && outcome.receipt?.epoch == 2)
            await town.stopAggregator("two")
            let error = await #expect(throws: ServiceError.self) { try await administrator.roster() }
            #expect(error?.code == .unavailable)
            // Whoever reads it knows who was asked.
            for origin in [one, two] { #expect(error?.message.contains("\(origin)") == true) }
        }
    }

    @Test func aRefusalIsAnAnswerAndNobodyElseIsAsked() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            // Port 1 answers nobody: it would be named if it had been asked.
            let nobody = town.json(HTTPOrigin(host: "127.0.0.1", port: 1))
            let administrator = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.administrator, aggregators: [json, nobody],
                pinPath: nil)
            let certificate = NodeCertificate(
                certificate: "certificate",
                times: .init(issuedAt: town.clock.now(), expiresAt: town.clock.now() + 86_400))
            let stranger = Ed25519.SigningKey().publicKey
            let refusal = await #expect(throws: ServiceError.self) {
                try await administrator.deliver(certificate, to: stranger)
            }
            #expect(refusal?.code != .unavailable, "\(String(describing: refusal))")
        }
    }

    @Test func applicationsAreBounded() async throws {
        try await Town.run { town in
            let token = try town.fixture.invitation()
            let json = town.json(try await town.startAggregator())
            let limit = 1 + ApplicationLimits().beyondUses
            for _ in 0..<limit { _ = try await town.join(Ed25519.SigningKey(), by: [token], at: json) }
            let refusal = try await town.refusal {
                _ = try await town.join(Ed25519.SigningKey(), by: [token], at: json)
            }
            #expect(refusal?.status == 429)
        }
    }
}

extension Town {
    func join(
        _ key: Ed25519.SigningKey, by invitations: [Invitation], at json: JSONClient, wait: Int = 0
    ) async throws -> NodeStanding {
        let join = try fixture.join(key, by: invitations, at: clock.now())
        return try await json.post(
            "/v1/nodes/join?wait=\(wait)&for=certificate", join, deadline: .seconds(wait + 15))
    }

    func administrator(_ json: JSONClient, pin: String? = nil) throws -> Administrator {
        try Administrator(genesis: fixture.genesis, key: fixture.administrator, aggregators: [json], pinPath: pin)
    }

    func admissions(
        _ json: JSONClient, retireAfter: Int64? = nil,
        report: @escaping @Sendable (Admissions.Event) -> Void = { _ in }
    ) throws -> Admissions {
        let clock = clock
        return Admissions(
            try administrator(json), retireAfter: retireAfter,
            issuer: { node in
                NodeCertificate(
                    certificate: "certificate of \(node)",
                    times: .init(issuedAt: clock.now(), expiresAt: clock.now() + 86_400))
            }, now: { clock.now() }, report: report)
    }
}
