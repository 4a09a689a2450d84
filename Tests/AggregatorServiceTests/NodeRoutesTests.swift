import Canonical
import Consensus
import CoordinatorStore
import Cryptography
import DNAProtocol
import HTTPTransport
import ServiceKit
import Testing

/// What nodes may send, and what they are told when they may not.
@Suite(.serialized, .timeLimit(.minutes(2))) struct NodeRoutesTests {
    @Test func aPollThatWaitsHearsOfWorkAtOnce() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let node = try town.members(of: request, at: origin)[0]
            async let assignment = node.nextAssignment()
            try await town.ask(request)
            #expect(try await assignment.request == request)
        }
    }

    @Test func aPollWithoutWorkIsAnsweredWithNothing() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let node = try town.node(try #require(town.fixture.nodes.keys.first), at: origin)
            let answer: Assignment? = try await node.json.poll("/v1/assignments/poll", try node.poll(wait: 0))
            #expect(answer == nil)
        }
    }

    @Test func pollsOfStrangersAreRefused() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let node = try town.node(try #require(town.fixture.nodes.keys.first), at: origin)
            let stranger = TestNode(
                key: Ed25519.SigningKey(), fixture: town.fixture, clock: town.clock, client: node.client, origin: origin
            )
            let polls: [(AssignmentPoll, ServiceError.Code, String)] = [
                (try stranger.poll(wait: 0), .permissionDenied, "body.node"),
                (try node.poll(wait: 0, signedBy: stranger.key), .unauthenticated, "signature"),
                (try node.poll(wait: 0, at: town.clock.now() + 121), .invalidArgument, "body.at"),
                (try node.poll(wait: 61), .invalidArgument, "body.wait"),
            ]
            for (poll, code, field) in polls {
                let refusal = try await refusal { _ = try await poll.send(to: node) }
                #expect(refusal?.code == code)
                #expect(refusal?.field == field)
            }
        }
    }

    @Test func aCommitmentMayBeRepeatedButNotReplaced() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let node = try town.members(of: request, at: origin)[0]
            try await town.ask(request)
            let assignment = try await node.nextAssignment()
            try await node.commit(assignment, text: "Paris")
            try await node.commit(assignment, text: "Paris")
            let refusal = try await refusal { try await node.commit(assignment, text: "London") }
            #expect(refusal?.code == .conflict)
            #expect((refusal?.cause as? Problem)?.type == "urn:dna:problem:contradiction")
            let report = try #require(try await town.gateway.misbehaviour(of: try request.requestID()))
            #expect(MisbehaviourVerification(of: report, networkFile: town.group.file).verdict == .proven)
        }
    }

    @Test func whatANodeRefusesIsNotSentToItAgain() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            let assignment = try await members[0].nextAssignment()
            var poll = try members[0].poll(wait: 0).body
            poll.refused = [AssignmentPlace(request: assignment.committee.request, round: 1)]
            let refusing = try AssignmentPoll(body: poll, key: members[0].key)
            #expect(try await refusing.send(to: members[0]) == nil)
            #expect(try await members[1].nextAssignment().committee == assignment.committee, "the others get it")
            poll.refused = [AssignmentPlace(request: assignment.committee.request, round: 2)]
            let other = try AssignmentPoll(body: poll, key: members[0].key)
            #expect(try await other.send(to: members[0]) == assignment, "another round is another matter")
            poll.refused = Array(
                repeating: AssignmentPlace(request: assignment.committee.request, round: 1),
                count: AssignmentPoll.Body.maximumRefused + 1)
            let endless = try AssignmentPoll(body: poll, key: members[0].key)
            let refusal = try await refusal { _ = try await endless.send(to: members[0]) }
            #expect(refusal?.field == "body.refused")
        }
    }

    @Test func aNodeTakesSeveralAssignmentsAndGetsThoseItHasForgottenAgain() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let requests = [try town.fixture.request(), try town.fixture.request("And of Spain?")]
            let node = try #require(town.members(of: requests[0], at: origin).first)
            var body = try node.poll(wait: 30).body
            for request in requests {
                try await town.ask(request)
                let assignment = try #require(try await AssignmentPoll(body: body, key: node.key).send(to: node))
                #expect(assignment.request == request)
                body.inHand = (body.inHand ?? []) + [AssignmentPlace(request: try request.requestID(), round: 1)]
            }
            body.wait = 0
            #expect(try await AssignmentPoll(body: body, key: node.key).send(to: node) == nil)
            body.inHand = [AssignmentPlace(request: try requests[1].requestID(), round: 1)]
            #expect(try await AssignmentPoll(body: body, key: node.key).send(to: node)?.request == requests[0])
            body.inHand = Array(repeating: body.inHand![0], count: AssignmentPoll.Body.maximumInHand + 1)
            let endless = try AssignmentPoll(body: body, key: node.key)
            #expect(try await refusal { _ = try await endless.send(to: node) }?.field == "body.in_hand")
        }
    }

    @Test func aCommitmentOfSomebodyElseIsRefused() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            let assignment = try await members[0].nextAssignment()
            var forged = try members[0].submission(assignment, text: "Paris", in: Digest.of("none", [])).commitment
            forged.signature = members[1].key.sign([1])
            let refusal = try await refusal { [forged] in
                try await members[0].json.post(members[0].path(assignment, "commitments"), forged)
            }
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.field == "commitment.signature")
        }
    }

    @Test func lateOnesAreTurnedAway() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            var assignments: [Assignment] = []
            for node in members { assignments.append(try await node.nextAssignment()) }
            for index in 0..<2 { try await members[index].commit(assignments[index], text: "Paris") }
            town.clock.advance(by: 21)
            try await town.reach(.voting, request)
            let late = try await refusal { try await members[2].commit(assignments[2], text: "Paris") }
            #expect((late?.cause as? Problem)?.type == "urn:dna:problem:closed")
            // The repetition of one that was in time is not late.
            try await members[0].commit(assignments[0], text: "Paris")
            let set = try #require(try await members[2].set(assignments[2]))
            let excluded = try await refusal { try await members[2].vote(assignments[2], text: "Paris", in: set) }
            #expect(excluded?.field == "vote.node")
        }
    }

    @Test func aVoteMustCarryItsOwnAnswer() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            var assignments: [Assignment] = []
            for node in members {
                assignments.append(try await node.nextAssignment())
                try await node.commit(assignments[assignments.count - 1], text: "Paris")
            }
            let (node, assignment) = (members[0], assignments[0])
            let set = try #require(try await node.set(assignment))
            var submission = try node.submission(assignment, text: "Paris", in: try set.root()).submission
            submission.output.text = "London"
            let refusal = try await refusal { [submission] in
                try await node.json.post(node.path(assignment, "votes"), submission)
            }
            #expect(refusal?.field == "output")
            let other = try await self.refusal { try await node.vote(assignment, text: "London", in: set) }
            #expect(other?.field == "vote")
        }
    }

    @Test func aRoundThatIsOverIsGone() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let node = try town.members(of: request, at: origin)[0]
            try await town.ask(request, lifetime: 15)
            let assignment = try await node.nextAssignment()
            async let set = node.set(assignment)
            try await town.letExpire(request)
            #expect(try await set == nil)
            let late = try await refusal { try await node.commit(assignment, text: "Paris") }
            #expect((late?.cause as? Problem)?.type == "urn:dna:problem:closed")
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let json = town.json(origin)
            let id = try town.fixture.request().requestID()
            for (path, code) in [
                ("/v1/requests/\(id)/rounds/1/set", ServiceError.Code.notFound),
                ("/v1/requests/xyz/rounds/1/set", .invalidArgument),
                ("/v1/requests/\(id)/rounds/65/set", .invalidArgument),
                ("/v1/requests/\(id)/rounds/1/set?wait=61", .invalidArgument),
            ] {
                let refusal = try await refusal { _ = try await json.get(path, as: CommitmentSet.self) }
                #expect(refusal?.code == code, "\(path)")
            }
        }
    }

    private func refusal(_ body: () async throws -> Void) async throws -> ServiceError? {
        do {
            try await body()
            return nil
        } catch let error as ServiceError {
            return error
        }
    }
}

extension AssignmentPoll {
    func send(to node: TestNode) async throws -> Assignment? {
        try await node.json.poll("/v1/assignments/poll", self)
    }
}
