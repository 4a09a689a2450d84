import Canonical
import CoordinatorStore
import DNAProtocol
import Postgres
import Testing

@Suite struct OwnershipTests {
    @Test func anOwnerWalksARequestThroughItsStates() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, decision) = try await fixture.decided(request)
            #expect(try await fixture.state(request) == .decided)
            let bundle = try await fixture.bundle(request, decision)
            try await fixture.store.withLease(lease) { try await $0.certify(bundle) }
            #expect(try await fixture.state(request) == .certified)
            #expect(try await fixture.gateway.bundle(of: try request.requestID()) == bundle)
            // The lease has ended with the request, and a certified request has no owner any more.
            await #expect(throws: StoreError.leaseLost) {
                try await fixture.store.withLease(lease) { try await $0.fail("late") }
            }
            #expect(try await fixture.store.claim(owner: "two", limit: 9, seconds: 60).isEmpty)
        }
    }

    @Test func illegalTransitionsAreRefused() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            _ = try await fixture.gateway.accept(request, lifetime: 60)
            let legal: [(String, String)] = [
                ("accepted", "seeded"), ("seeded", "assigned"), ("assigned", "voting"), ("voting", "assigned"),
            ]
            let open = ["accepted", "seeded", "assigned", "voting"]
            for from in open {
                for to in open + ["decided", "certified"] where from != to {
                    let isLegal = legal.contains { $0 == (from, to) }
                    let failure = try await fixture.tryTransition(of: request, from: from, to: to)
                    #expect((failure == nil) == isLegal, "\(from) to \(to)")
                }
            }
        }
    }

    @Test func aCertifiedRequestNeverChanges() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, decision) = try await fixture.decided(request)
            let bundle = try await fixture.bundle(request, decision)
            try await fixture.store.withLease(lease) { try await $0.certify(bundle) }
            for state in RequestState.allCases where state != .certified {
                let failure = try await refusal {
                    try await fixture.database.owner.query(
                        """
                        UPDATE requests SET state = $1, reason = CASE WHEN $1::request_state = 'failed' THEN 'x' END
                        """,
                        [.text(state.rawValue)])
                }
                #expect(failure?.constraint == "requests_transition", "\(state)")
            }
            #expect(try await fixture.gateway.accept(request, lifetime: 60).state == .certified)
        }
    }

    @Test func aRequestHasOneDecision() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, decision) = try await fixture.decided(request)
            var other = decision
            other.decidedAt = decision.decidedAt + 1
            let failure = try await refusal {
                try await fixture.store.withLease(lease) { [other] in try await $0.decide(other) }
            }
            #expect(failure?.sqlState == .uniqueViolation)
            let update = try await refusal {
                try await fixture.database.owner.query("UPDATE decisions SET decided_at = now()")
            }
            #expect(update?.message == "rows of decisions do not change" || update?.sqlState.category == "23")
        }
    }

    @Test func aLeaseIsTakenOverWhenItEndsAndItsFormerOwnerWritesNothing() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (old, _) = try await fixture.assigned(request, owner: "one")
            #expect(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).isEmpty)
            try await fixture.endLease(old)
            let new = try #require(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).first)
            #expect(new.request == old.request)
            #expect(new.epoch > old.epoch)
            await #expect(throws: StoreError.leaseLost) {
                try await fixture.store.withLease(old) { try await $0.fail("stale") }
            }
            #expect(try await fixture.store.renew([old], seconds: 60).isEmpty)
            try await fixture.store.release([old])
            #expect(try await fixture.store.renew([new], seconds: 60) == [new])
            #expect(try await fixture.state(request) == .assigned)
        }
    }

    @Test func theSameOwnerTakingItsOwnLeaseAgainFencesItsFormerSelf() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (old, _) = try await fixture.assigned(request, owner: "one")
            #expect(try await fixture.store.claim(owner: "one", limit: 1, seconds: 60).isEmpty)
            try await fixture.store.releaseAll(of: "two")
            #expect(try await fixture.store.claim(owner: "one", limit: 1, seconds: 60).isEmpty)
            try await fixture.store.releaseAll(of: "one")
            let again = try await fixture.store.claim(owner: "one", limit: 1, seconds: 60)
            #expect(again.map(\.epoch) == [old.epoch + 1])
            await #expect(throws: StoreError.leaseLost) {
                try await fixture.store.withLease(old) { try await $0.expire() }
            }
        }
    }

    @Test func nothingThatAFormerOwnerDoesTouchesAnothersLease() async throws {
        try await Fixture.run { fixture in
            // Under the same name only the epoch tells the two apart.
            for (former, later) in [("one", "one"), ("one", "two")] {
                let (old, _) = try await fixture.assigned(try fixture.request("\(former) \(later)"), owner: former)
                try await fixture.store.releaseAll(of: former)
                let new = try #require(try await fixture.store.claim(owner: later, limit: 1, seconds: 60).first)
                let held = try await fixture.leaseEnd(new)
                #expect(try await fixture.store.renew([old], seconds: 3_600).isEmpty)
                try await fixture.store.release([old])
                if former != later { try await fixture.store.releaseAll(of: former) }
                #expect(try await fixture.leaseEnd(new) == held)
                #expect(try await fixture.store.renew([old, new], seconds: 60) == [new])
                try await fixture.store.withLease(new) { try await $0.fail("over") }
            }
        }
    }

    @Test func nobodyTakesARequestWhileItsOwnerWrites() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, _) = try await fixture.assigned(request)
            // It ran out, so whoever looks may have it; but not between the owner's look and its write.
            try await fixture.endLease(lease)
            try await fixture.store.withLease(lease) { owned in
                #expect(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).isEmpty)
                try await owned.fail("over")
            }
            #expect(try await fixture.state(request) == .failed)
        }
    }

    @Test func whoHasGivenItsLeaseBackHasNone() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, _) = try await fixture.assigned(request)
            try await fixture.store.release([lease])
            // The row still says whose epoch it is, but nobody owns it.
            #expect(try await fixture.store.renew([lease], seconds: 60).isEmpty)
            await #expect(throws: StoreError.leaseLost) {
                try await fixture.store.withLease(lease) { try await $0.fail("stale") }
            }
            #expect(try await fixture.state(request) == .assigned)
        }
    }

    @Test func aReplicaThatStartsFreesWhatWasHeldUnderItsNameAndNoMore() async throws {
        try await Fixture.run { fixture in
            let (own, _) = try await fixture.assigned(try fixture.request("own"), owner: "one")
            let (other, _) = try await fixture.assigned(try fixture.request("other"), owner: "two")
            try await fixture.store.releaseAll(of: "one")
            #expect(try await fixture.store.renew([own, other], seconds: 60) == [other])
        }
    }

    @Test func aLeaseThatRanOutAndThatNobodyTookStillCounts() async throws {
        try await Fixture.run { fixture in
            let (lease, _) = try await fixture.assigned(try fixture.request())
            try await fixture.endLease(lease)
            #expect(try await fixture.store.renew([lease], seconds: 60) == [lease])
            #expect(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).isEmpty)
        }
    }

    @Test func claimsAtTheSameTimeShareTheWorkWithoutWaiting() async throws {
        try await Fixture.run { fixture in
            for number in 0..<6 { _ = try await fixture.gateway.accept(try fixture.request("\(number)"), lifetime: 60) }
            // The first claim's transaction is still open while the second runs: without SKIP LOCKED it would wait.
            let (first, second) = try await fixture.database.owner.withTransaction { transaction in
                let locked = try await transaction.query(
                    "SELECT id FROM requests ORDER BY accepted_at, id LIMIT 3 FOR UPDATE")
                let claimed = try await fixture.store.claim(owner: "two", limit: 6, seconds: 60)
                return (
                    Set(try locked.map { try $0.value("id", as: [UInt8].self) }),
                    Set(claimed.map(\.request.digest.bytes))
                )
            }
            #expect(first.count == 3)
            #expect(second.count == 3)
            #expect(first.isDisjoint(with: second))
            let rest = try await fixture.store.claim(owner: "one", limit: 6, seconds: 60)
            #expect(Set(rest.map(\.request.digest.bytes)) == first)
        }
    }

    @Test func theOldestRequestIsClaimedFirstAndFinalOnesNever() async throws {
        try await Fixture.run { fixture in
            let requests = try (0..<3).map { try fixture.request("\($0)") }
            for request in requests { _ = try await fixture.gateway.accept(request, lifetime: 60) }
            let first = try #require(try await fixture.store.claim(owner: "one", limit: 1, seconds: 60).first)
            #expect(first.request == (try requests[0].requestID()))
            try await fixture.store.withLease(first) { try await $0.expire() }
            #expect(try await fixture.state(requests[0]) == .expired)
            let rest = try await fixture.store.claim(owner: "one", limit: 9, seconds: 60)
            #expect(Set(rest.map(\.request)) == Set(try requests.dropFirst().map { try $0.requestID() }))
        }
    }

    @Test func anOwnerThatFailsInBetweenHasWrittenNothing() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            _ = try await fixture.gateway.accept(request, lifetime: 60)
            let lease = try #require(try await fixture.store.claim(owner: "one", limit: 1, seconds: 60).first)
            await #expect(throws: CancellationError.self) {
                try await fixture.store.withLease(lease) { owned in
                    try await owned.seed(Randomness(of: request, id: lease.request).seed)
                    throw CancellationError()
                }
            }
            #expect(try await fixture.state(request) == .accepted)
        }
    }

    @Test func aReleasedRequestIsAnnouncedAndFree() async throws {
        try await Fixture.run { fixture in
            let (lease, _) = try await fixture.assigned(try fixture.request())
            var events = fixture.store.events().makeAsyncIterator()
            #expect(try await events.next() == .resynchronise)
            try await fixture.store.release([lease])
            #expect(try await events.next() == .free(lease.request))
            #expect(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).count == 1)
        }
    }

    @Test func theNextExpiryIsThatOfTheOthers() async throws {
        try await Fixture.run { fixture in
            #expect(try await fixture.store.secondsToNextExpiry(besides: "one") == nil)
            let (lease, _) = try await fixture.assigned(try fixture.request(), owner: "one")
            #expect(try await fixture.store.secondsToNextExpiry(besides: "one") == nil)
            let rest = try #require(try await fixture.store.secondsToNextExpiry(besides: "two"))
            #expect(rest > 0 && rest <= 60)
            try await fixture.endLease(lease)
            #expect(try await fixture.store.secondsToNextExpiry(besides: "two") == 0)
        }
    }
}

extension Fixture {
    /// Makes a bundle of what the database holds; its signature is not a group's.
    func bundle(_ request: Request, _ decision: Decision) async throws -> Bundle {
        let round = try #require(try await gateway.rounds(of: try request.requestID()).last)
        let ballot = try ballot(request, round.committee, round.votes[0].body.node)
        return Bundle(
            certificate: Certificate(
                decision: decision, groupKey: administrator.publicKey, signature: try decision.signed(by: administrator)
            ),
            evidence: Evidence(
                request: request, model: try model(), roster: roster, committee: round.committee,
                set: try #require(round.set), votes: round.votes),
            prompt: ballot.prompt, output: ballot.output)
    }

    /// Puts the row in state `from` without its triggers, then tries to go on to `to`, and takes it all back.
    func tryTransition(of request: Request, from: String, to: String) async throws -> ServerFailure? {
        struct Undo: Error {}
        do {
            try await database.owner.withTransaction { transaction in
                try await transaction.query("ALTER TABLE requests DISABLE TRIGGER USER")
                try await transaction.query(
                    "UPDATE requests SET state = $1, seed = $2",
                    [.text(from), .bytes([UInt8](repeating: 1, count: 32))])
                try await transaction.query("ALTER TABLE requests ENABLE TRIGGER USER")
                try await transaction.query("UPDATE requests SET state = $1", [.text(to)])
                throw Undo()
            }
        } catch PostgresError.server(let failure) {
            return failure
        } catch is Undo {}
        return nil
    }
}
