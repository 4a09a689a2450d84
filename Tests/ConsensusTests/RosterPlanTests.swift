import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// Who gets onto the roster, decided by the administrator alone.
@Suite struct RosterPlanTests {
    static let now = Timestamp(seconds: 1_900_000_000)
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    private func plan(after roster: Roster? = nil) throws -> RosterPlan {
        try RosterPlan(after: roster ?? fixture.roster.roster, in: fixture.genesis)
    }

    private func join(_ key: Ed25519.SigningKey, _ invitations: Invitation...) throws -> JoinRequest {
        try fixture.join(key, by: invitations, at: Self.now)
    }

    /// The epoch after `key` came by `invitation`.
    private func admitting(
        _ key: Ed25519.SigningKey, by invitation: Invitation, after roster: Roster? = nil
    ) throws -> Roster {
        var plan = try plan(after: roster)
        try plan.admit(try join(key, invitation), at: Self.now)
        return try #require(try plan.next())
    }

    private func expectRefusal(
        _ field: String, after roster: Roster? = nil, _ join: JoinRequest, at time: Timestamp = now
    ) throws {
        var plan = try plan(after: roster)
        #expect("\(field)") {
            try plan.admit(join, at: time)
        } throws: { error in
            (error as? InvalidField)?.field == field
        }
        #expect(try plan.next() == nil)
    }

    @Test func anInvitedNodeBecomesItsOperatorsAndNamesItsInvitation() throws {
        let (key, invitation) = (Ed25519.SigningKey(), try fixture.invitation(to: "operator-1"))
        let next = try admitting(key, by: invitation)
        #expect(next.epoch == 2)
        #expect(try next.previous == fixture.roster.roster.rosterID())
        let entry = try #require(next.node(key.publicKey))
        #expect(entry.operator == "operator-1" && entry.status == .active)
        #expect(try entry.invitation == invitation.invitationID())
        #expect(next.nodes.count == fixture.roster.roster.nodes.count + 1)
    }

    @Test func aSingleUseTokenServesOneNode() throws {
        let token = try fixture.invitation()
        let (first, second) = (Ed25519.SigningKey(), Ed25519.SigningKey())
        var both = try plan()
        try both.admit(try join(first, token), at: Self.now)
        #expect(throws: InvalidField.self) { try both.admit(try join(second, token), at: Self.now) }
        // Also once the first has left, or was shut out: a use is a use.
        var roster = try admitting(first, by: token)
        try expectRefusal("invitation.uses", after: roster, try join(second, token))
        var leaving = try plan(after: roster)
        leaving.retire(first.publicKey)
        roster = try #require(try leaving.next())
        #expect(roster.node(first.publicKey)?.status == .left)
        try expectRefusal("invitation.uses", after: roster, try join(second, token))
        roster = try admitting(first, by: token, after: roster)
        #expect(roster.node(first.publicKey)?.status == .active, "the same node comes back by it")
        var revoking = try plan(after: roster)
        try revoking.revoke(first.publicKey)
        roster = try #require(try revoking.next())
        try expectRefusal("invitation.uses", after: roster, try join(second, token))
        try expectRefusal("body.node", after: roster, try join(first, token))
        try expectRefusal("body.node", after: roster, try join(first, try fixture.invitation()))
    }

    @Test func anInvitationThatIsNotGoodLetsNobodyIn() throws {
        let (key, stranger) = (Ed25519.SigningKey(), Ed25519.SigningKey())
        let other = NetworkID(Digest.of("other", []))
        var altered = try fixture.invitation()
        altered.body.uses = 9
        var short = try fixture.invitation()
        short.body.serial = "00"
        let rows: [(String, Invitation)] = [
            ("expires_at", try fixture.invitation(expiresAt: Self.now)),
            ("signer", try fixture.invitation(signedBy: stranger)),
            ("network", try fixture.invitation(network: other)),
            ("signature", altered),
            ("serial", short),
            ("operator", try fixture.invitation(to: "nobody")),
            ("uses", try fixture.invitation(uses: 0)),
        ]
        for (field, invitation) in rows { try expectRefusal(field, try join(key, invitation)) }
    }

    @Test func aNodeMustProveThatItHoldsItsKey() throws {
        let token = try fixture.invitation()
        var stolen = try join(Ed25519.SigningKey(), token)
        stolen.body.node = Ed25519.SigningKey().publicKey
        try expectRefusal("signature", stolen)
        let key = Ed25519.SigningKey()
        let late = Self.now + JoinRequest.Body.lifetime + 1
        try expectRefusal("body.at", try join(key, token), at: late)
        try expectRefusal("body.at", try join(key, token), at: Self.now + (-JoinRequest.Body.tolerance - 1))
    }

    @Test func anOperatorInvitesForItselfOnly() throws {
        let own = Ed25519.SigningKey()
        var change = try plan()
        change.set(Roster.Operator(name: "operator-1", weight: 1, key: own.publicKey))
        let roster = try #require(try change.next())
        let mine = try fixture.invitation(to: "operator-1", signedBy: own)
        #expect(try admitting(Ed25519.SigningKey(), by: mine, after: roster).epoch == 3)
        let others = try fixture.invitation(to: "operator-2", signedBy: own)
        try expectRefusal("signer", after: roster, try join(Ed25519.SigningKey(), others))
    }

    @Test func ofSeveralInvitationsTheSmallestOperatorsIsUsed() throws {
        var names: [String: Int] = [:]
        let pool = try (0..<3).map { try fixture.invitation(to: "operator-\($0)", uses: 100) }
        var plan = try plan()
        for _ in 0..<9 {
            let key = Ed25519.SigningKey()
            try plan.admit(try fixture.join(key, by: pool.shuffled(), at: Self.now), at: Self.now)
        }
        for case .joined(_, let name) in plan.changes { names[name, default: 0] += 1 }
        #expect(names == ["operator-0": 3, "operator-1": 3, "operator-2": 3])
    }

    @Test func aHundredNodesOfOneOperatorDoNotOutweighTwoOthers() throws {
        let many = try fixture.invitation(to: "operator-0", uses: 200)
        var plan = try plan()
        for _ in 0..<100 { try plan.admit(try join(Ed25519.SigningKey(), many), at: Self.now) }
        let roster = try #require(try plan.next())
        let ranking = CommitteeRanking(of: roster, randomness: Digest.of("any", []))
        let members = ranking.choose(size: 7, spareRanks: 2) { _ in true }
        let committee = Committee(
            network: roster.network, roster: try roster.rosterID(), request: try fixture.request().requestID(),
            round: 1, members: members)
        let policy = Policy(rule: .majority, committee: 7)
        let tally = Tally(policy: policy, committee: committee, roster: roster, isDevelopment: false)
        let crowd = members.filter { $0.operator == "operator-0" }.map(\.node)
        let others = members.filter { $0.operator != "operator-0" }.map(\.node)
        #expect(crowd.count == 5 && others.count == 2)
        #expect(!tally.canDecide(crowd))
        #expect(tally.canDecide(others))
    }

    @Test func aNodeWithoutAnInvitationIsForgottenWhenItLeaves() throws {
        let (node, key) = try #require(fixture.nodes.first)
        let body = LeaveRequest.Body(network: try fixture.genesis.networkID(), node: node, at: Self.now)
        var plan = try plan()
        try plan.release(try LeaveRequest(body: body, key: key), at: Self.now)
        #expect(try plan.next()?.node(node) == nil)
        var forged = try self.plan()
        let stranger = try LeaveRequest(body: body, key: Ed25519.SigningKey())
        #expect(throws: InvalidField.self) { try forged.release(stranger, at: Self.now) }
    }

    @Test func anOldWishToLeaveIsNotHeldAgainstANodeThatIsBack() throws {
        let (node, key) = try #require(fixture.nodes.first)
        let old = Self.now + -(JoinRequest.Body.lifetime + 1)
        let body = LeaveRequest.Body(network: try fixture.genesis.networkID(), node: node, at: old)
        var plan = try plan()
        #expect(throws: InvalidField("body.at", "is too long ago")) {
            try plan.release(try LeaveRequest(body: body, key: key), at: Self.now)
        }
        #expect(try plan.next() == nil)
    }

    /// An epoch in which nothing but a weight changes.
    private func turned(_ roster: Roster) throws -> Roster {
        var plan = try plan(after: roster)
        plan.set(Roster.Operator(name: "other", weight: 1 + roster.epoch % 2))
        return try #require(try plan.next())
    }

    @Test func aNodeThatLeftLongAgoIsForgottenAndItsTokenStaysSpent() throws {
        let (key, token) = (Ed25519.SigningKey(), try fixture.invitation())
        var leaving = try plan(after: try admitting(key, by: token))
        leaving.retire(key.publicKey)
        var roster = try #require(try leaving.next())
        let left = roster.epoch
        while roster.epoch < left + Roster.epochsListedAfterLeaving - 1 { roster = try turned(roster) }
        #expect(roster.node(key.publicKey)?.leftIn == left && roster.spent == nil)
        roster = try turned(roster)
        #expect(roster.node(key.publicKey) == nil)
        #expect(try roster.spent == [.init(invitation: token.invitationID(), uses: 1)])
        try roster.validate(in: try fixture.genesis.networkID())
        try expectRefusal("invitation.uses", after: roster, try join(Ed25519.SigningKey(), token))
        try expectRefusal("invitation.uses", after: roster, try join(key, token))
        #expect(try turned(roster).spent == roster.spent, "for ever")
    }

    @Test func theRosterIsNoLongerForNodesThatComeAndGo() throws {
        let standing = try fixture.invitation(uses: Invitation.maximumUses)
        var roster = fixture.roster.roster
        for _ in 0..<150 {
            let key = Ed25519.SigningKey()
            roster = try admitting(key, by: standing, after: roster)
            var plan = try plan(after: roster)
            plan.retire(key.publicKey)
            roster = try #require(try plan.next())
        }
        let listed = roster.nodes.count - fixture.roster.roster.nodes.count
        #expect(listed == Roster.epochsListedAfterLeaving / 2)
        #expect(try roster.uses(of: standing.invitationID()) == 150)
    }

    @Test func aRevokedNodeStaysListed() throws {
        let (node, _) = try #require(fixture.nodes.first)
        var plan = try plan()
        try plan.revoke(node)
        var roster = try #require(try plan.next())
        for _ in 0..<Roster.epochsListedAfterLeaving { roster = try turned(roster) }
        #expect(roster.node(node)?.status == .revoked)
    }

    @Test func tellsWhatAnEpochChanges() throws {
        let (key, token) = (Ed25519.SigningKey(), try fixture.invitation())
        let (node, _) = try #require(fixture.nodes.first)
        var plan = try plan()
        plan.set(Roster.Operator(name: "late", weight: 3))
        try plan.admit(try join(key, token), at: Self.now)
        try plan.revoke(node)
        let next = try #require(try plan.next())
        #expect(Set(RosterPlan.changes(from: fixture.roster.roster, to: next)) == Set(plan.changes))
        let back = RosterPlan.changes(from: next, to: fixture.roster.roster)
        #expect(back.contains(.operatorGone("late")) && back.contains(.left(key.publicKey)))
        #expect(RosterPlan.changes(from: next, to: next).isEmpty)
    }

    @Test func anInvitationIsOneWord() throws {
        let token = try fixture.invitation()
        let text = try token.text()
        #expect(!text.contains { $0.isWhitespace || $0 == "=" || $0 == "/" || $0 == "+" })
        #expect(Invitation(text: "\n \(text)\n") == token)
        #expect(Invitation(text: String(text.dropLast())) == nil)
        #expect(Invitation(text: String(repeating: "A", count: 5_000)) == nil)
    }
}
