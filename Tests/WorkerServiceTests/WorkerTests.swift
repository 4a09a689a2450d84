import Canonical
import Consensus
import DNAProtocol
import Foundation
import HTTPTransport
import Inference
import ServiceKit
import TestKit
import Testing
import WorkerService

@Suite(.serialized, .timeLimit(.minutes(2))) struct WorkerTests {
    @Test func commitsAndVotesSoThatBallotsAccept() async throws {
        let town = try Town()
        let assignment = try town.assignment(try town.request())
        let ballot = try Ballot(request: assignment.request, committee: assignment.committee)
        try await town.open { origin in
            try await town.withWorker(try town.worker(of: assignment), [origin]) { _ in
                town.aggregator.change { $0.offered = [assignment] }
                let commitment = try #require(await town.aggregator.wait { $0.commitments.first })
                try ballot.check(commitment)
                let set = try town.set(assignment, with: [commitment])
                town.aggregator.change { $0.sets = [set] }
                let vote = try #require(await town.aggregator.wait { $0.votes.first })
                try ballot.check(set)
                try ballot.check(vote.vote, in: set, root: try set.root())
                #expect(try vote.prompt.promptID() == vote.vote.body.prompt)
                #expect(try vote.output.outputID() == vote.vote.body.output)
                let answer = try await RealModel.computation(town.fixture.manifest).compute(assignment.request)
                #expect(vote.output == answer.output && vote.vote.body.trace == answer.trace)
            }
        }
        let poll = try #require(town.aggregator.state.polls.first)
        #expect(poll.body.models == [try town.fixture.model().id])
        #expect(poll.body.wait == 0)
    }

    @Test func repeatsTheSameCommitmentAfterARestart() async throws {
        let town = try Town()
        let assignment = try town.assignment(try town.request())
        town.aggregator.change { $0.offered = [assignment] }
        try await town.open { origin in
            var sent: [[UInt8]] = []
            for _ in 0..<2 {
                try await town.withWorker(try town.worker(of: assignment), [origin]) { _ in
                    _ = await town.aggregator.wait { $0.commitments.first }
                }
                sent.append(try CanonicalJSON.encode(try #require(town.aggregator.state.commitments.first)))
                town.aggregator.change { $0.commitments = [] }
            }
            #expect(sent[0] == sent[1])
        }
    }

    @Test func votesAfterARestartInWhatItHasCommittedToBefore() async throws {
        let town = try Town()
        let assignment = try town.assignment(try town.request())
        town.aggregator.change { $0.offered = [assignment] }
        try await town.open { origin in
            let key = try town.worker(of: assignment)
            try await town.withWorker(key, [origin]) { _ in
                _ = await town.aggregator.wait { $0.commitments.first }
            }
            // The commitment stays: this is not offered again.
            let commitment = try #require(town.aggregator.state.commitments.first)
            let set = try town.set(assignment, with: [commitment])
            town.aggregator.change { $0.sets = [set] }
            try await town.withWorker(key, [origin]) { _ in
                let vote = try #require(await town.aggregator.wait { $0.votes.first })
                #expect(vote.vote.body.request == commitment.body.request)
                _ = await town.logged("voted")
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: town.state + "/unfinished")
            #expect(files.isEmpty)
        }
    }

    @Test func refusesAnotherCommitteeForTheSameRoundAfterARestart() async throws {
        let town = try Town(operators: 5)
        let request = try town.request()
        let first = try town.assignment(request)
        let ranking = try town.fixture.ranking(request)
        let last = try #require(first.committee.members.last)
        let other = Committee(
            network: first.committee.network, roster: first.committee.roster, request: first.committee.request,
            round: 1, members: ranking.choose(size: 3, spareRanks: 2) { $0 != last.node })
        #expect(other != first.committee && other.member(first.committee.members[0].node) != nil)
        try await town.open { origin in
            town.aggregator.change { $0.offered = [first] }
            try await town.withWorker(try town.worker(of: first), [origin]) { _ in
                _ = await town.aggregator.wait { $0.commitments.first }
            }
            let second = try town.assignment(request, other)
            // With nothing unfinished it sends no commitment again, which would answer the second assignment too.
            try FileManager.default.removeItem(atPath: town.state + "/unfinished")
            town.aggregator.change { $0 = .init(offered: [second]) }
            try await town.withWorker(try town.worker(of: first), [origin]) { _ in
                #expect(await town.logged("refused committee: is another one than before") != nil)
            }
            #expect(town.aggregator.state.commitments.isEmpty)
        }
    }

    @Test func refusesWorkForAnotherNodeAndGoesOn() async throws {
        let town = try Town(operators: 5)
        let assignment = try town.assignment(try town.request())
        let own = try town.assignment(try town.request("Water is"))
        let outsider = try #require(
            own.committee.members.map(\.node).first { assignment.committee.member($0) == nil }
                ?? assignment.committee.members.first?.node)
        let key = try #require(town.fixture.nodes[outsider])
        let place = AssignmentPlace(request: assignment.committee.request, round: 1)
        var foreign = assignment
        foreign.committee.members.removeAll { $0.node == outsider }
        let offered = foreign
        try await town.open { origin in
            town.aggregator.change { $0.offered = [offered] }
            try await town.withWorker(key, [origin]) { _ in
                #expect(await town.logged("refused committee.members") != nil)
                #expect(town.aggregator.state.commitments.isEmpty)
                town.aggregator.change { $0.offered = [offered, own] }
                let commitment = await town.aggregator.wait { $0.commitments.first }
                #expect(commitment?.body.request == own.committee.request)
                _ = await town.aggregator.wait { $0.polls.last?.body.refused == [place] ? true : nil }
            }
        }
    }

    @Test func doesNotVoteInASetWithoutItsCommitment() async throws {
        let town = try Town()
        let assignment = try town.assignment(try town.request())
        try await town.open { origin in
            town.aggregator.change { $0.offered = [assignment] }
            try await town.withWorker(try town.worker(of: assignment), [origin]) { _ in
                _ = await town.aggregator.wait { $0.commitments.first }
                let set = try town.set(assignment, with: [])
                town.aggregator.change { $0.sets = [set] }
                #expect(await town.logged("refused set.commitments") != nil)
            }
            #expect(town.aggregator.state.votes.isEmpty)
        }
    }

    @Test func getsThroughADeadAndAFailingAggregator() async throws {
        let town = try Town()
        let assignment = try town.assignment(try town.request())
        try await town.open { origin in
            town.aggregator.change {
                $0.offered = [assignment]
                $0.failures = 3
            }
            // Nothing listens on port 1.
            let origins = [HTTPOrigin(host: "127.0.0.1", port: 1), origin]
            try await town.withWorker(try town.worker(of: assignment), origins) { worker in
                let commitment = try #require(await town.aggregator.wait { $0.commitments.first })
                let set = try town.set(assignment, with: [commitment])
                town.aggregator.change {
                    $0.failures = 4
                    $0.sets = [set]
                }
                let vote = try #require(await town.aggregator.wait { $0.votes.first })
                let ballot = try Ballot(request: assignment.request, committee: assignment.committee)
                try ballot.check(vote.vote, in: set, root: try set.root())
                #expect(worker.healthChecks.map(\.name) == ["model", "aggregator", "roster"])
            }
        }
    }

    /// Requests that take a while, and one node that is a member of each one's committee.
    private func assignments(_ count: Int, in town: Town) throws -> [Assignment] {
        try (0..<count).map { try town.assignment(try town.request("\($0) is", tokens: 100)) }
    }

    @Test func computesSeveralAssignmentsAtOnceAndNamesThemInItsPolls() async throws {
        let town = try Town()
        let offered = try assignments(3, in: town)
        let places = offered.map { AssignmentPlace(request: $0.committee.request, round: 1) }
        try await town.open { origin in
            town.aggregator.change { $0.offered = offered }
            try await town.withWorker(try town.worker(of: offered[0]), [origin]) { _ in
                let named = await town.aggregator.wait { $0.polls.map { $0.body.inHand ?? [] }.first { $0.count == 3 } }
                #expect(named == places.sorted())
                let requests = await town.aggregator.wait { state in
                    state.commitments.count == 3 ? Set(state.commitments.map(\.body.request)) : nil
                }
                #expect(requests == Set(places.map(\.request)))
            }
        }
    }

    @Test func takesNoMoreThanTheEngineRunsAtATime() async throws {
        let town = try Town()
        let offered = try assignments(4, in: town)
        let options = EngineOptions(contextLength: 2048, sequences: 2)
        let engine = try Engine(modelPath: RealModel.path, options: options)
        try await town.open { origin in
            town.aggregator.change { $0.offered = offered }
            try await town.withWorker(try town.worker(of: offered[0]), [origin], engine: engine) { _ in
                _ = await town.aggregator.wait { $0.commitments.count == 4 ? true : nil }
            }
        }
        let named = town.aggregator.state.polls.map { $0.body.inHand?.count ?? 0 }
        #expect(named.max() == 1, "a third one is asked for when one of the two is done")
    }

    @Test func takesTheNextAssignmentWhileAVoteWaits() async throws {
        let town = try Town()
        let first = try town.assignment(try town.request())
        let second = try town.assignment(first.request, try town.fixture.committee(first.request, round: 2))
        try await town.open { origin in
            town.aggregator.change { $0.offered = [first, second] }
            try await town.withWorker(try town.worker(of: first), [origin]) { _ in
                let commitments = try #require(
                    await town.aggregator.wait { state in
                        state.commitments.count == 2 ? state.commitments.sorted { $0.body.round < $1.body.round } : nil
                    })
                #expect(commitments.map(\.body.round) == [1, 2])
                #expect(commitments[0].body.opening != commitments[1].body.opening)
                let sets = [
                    try town.set(first, with: [commitments[0]]), try town.set(second, with: [commitments[1]]),
                ]
                town.aggregator.change { $0.sets = sets }
                let votes = try #require(await town.aggregator.wait { $0.votes.count == 2 ? $0.votes : nil })
                #expect(votes[0].vote.body.answer == votes[1].vote.body.answer)
            }
        }
    }

    @Test func votesThatAPromptIsTooLong() async throws {
        var town = try Town()
        town.fixture.manifest.contextLength = 16
        let (place, assignment) = (
            town,
            try town.assignment(
                try town.request(
                    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"))
        )
        try await place.open { origin in
            place.aggregator.change { $0.offered = [assignment] }
            try await place.withWorker(try place.worker(of: assignment), [origin]) { _ in
                let commitment = try #require(await place.aggregator.wait { $0.commitments.first })
                let set = try place.set(assignment, with: [commitment])
                place.aggregator.change { $0.sets = [set] }
                let vote = try #require(await place.aggregator.wait { $0.votes.first })
                #expect(vote.output == Output(tokens: [], text: "", finishReason: .promptTooLong))
                #expect(vote.vote.body.finishReason == .promptTooLong && vote.vote.body.tokens == 0)
                #expect(vote.prompt.tokens.count >= 16)
            }
        }
    }
}
