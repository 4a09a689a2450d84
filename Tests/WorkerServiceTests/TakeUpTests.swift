import Consensus
import Cryptography
import DNAProtocol
import Foundation
import Inference
import TestKit
import Testing
import WorkerService

/// A worker takes up what administrators register while it runs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TakeUpTests {
    /// Runs a worker that serves the town's model, and lets it take up others.
    private func withWorker(
        _ town: Town, memory: Int? = nil, key: Ed25519.SigningKey? = nil,
        _ body: @Sendable (Worker) async throws -> Void
    ) async throws {
        guard let key = key ?? town.fixture.nodes.values.first else { throw Unexpected() }
        try await town.open { origin in
            try await town.withWorker(key, [origin], taking: town.storage(memory: memory), body)
        }
    }

    private func isServed(_ model: ModelID, in town: Town) async -> Bool {
        await town.aggregator.wait { $0.polls.last?.body.models.contains(model) == true ? true : nil } != nil
    }

    @Test func aRegisteredModelIsServedWithoutARestart() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let model = try await mirror.pack("second")
        let assignment = try town.assignment(try town.request(for: model))
        try await mirror.serve { url in
            try await withWorker(town, key: try town.worker(of: assignment)) { _ in
                let own = try town.fixture.model().id
                #expect(await town.aggregator.wait { $0.polls.last }?.body.models == [own])
                let registered = try town.fixture.registered(model, sources: ["\(url)/second#\(model.id)"])
                town.aggregator.change {
                    $0.offered = [assignment]
                    $0.registered = [registered]
                }
                let commitment = try #require(await town.aggregator.wait { $0.commitments.first })
                try Ballot(request: assignment.request, committee: assignment.committee).check(commitment)
                #expect(town.aggregator.state.polls.last?.body.models == [own, model.id].sorted())
            }
        }
    }

    @Test func aSourceThatHasAnotherPackageIsRefusedAndTheNextOneAsked() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let (wanted, other) = (try await mirror.pack("wanted"), try await mirror.pack("other"))
        try await mirror.serve { url in
            try await withWorker(town) { _ in
                let wrong = try town.fixture.registered(wanted, sources: ["\(url)/other#\(wanted.id)"])
                town.aggregator.change { $0.registered = [wrong] }
                #expect(await town.logged("not served no source gave the package: \(url)/other#") != nil)
                let both = try town.fixture.registered(
                    wanted, sources: ["\(url)/other#\(wanted.id)", "\(url)/wanted#\(wanted.id)"])
                town.aggregator.change { $0.registered = [both] }
                #expect(await isServed(wanted.id, in: town))
                #expect(town.aggregator.state.polls.last?.body.models.contains(other.id) == false)
            }
        }
    }

    @Test func onlyTheAdministratorsWordIsFollowed() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let (first, second) = (try await mirror.pack("first"), try await mirror.pack("second"))
        try await mirror.serve { url in
            try await withWorker(town) { _ in
                var forged = try town.fixture.registered(first, sources: ["\(url)/first#\(first.id)"])
                forged.registration.body.at = forged.registration.body.at + 1
                let good = try town.fixture.registered(second, sources: ["\(url)/second#\(second.id)"])
                town.aggregator.change { [forged] in $0.registered = [forged, good] }
                #expect(await isServed(second.id, in: town))
                #expect(await town.logged("not followed \(first.id): signatures") != nil)
            }
        }
        #expect(!mirror.paths.contains { $0.hasPrefix("/first") })
    }

    @Test func whatHasNoRoomInMemoryIsNotFetched() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let model = try await mirror.pack("large")
        try await mirror.serve { url in
            try await withWorker(town, memory: 1_000_000) { _ in
                let registered = try town.fixture.registered(model, sources: ["\(url)/large#\(model.id)"])
                town.aggregator.change { $0.registered = [registered] }
                let needed = model.manifest.environment.memory
                #expect(await town.logged("not served it needs \(needed) bytes of memory") != nil)
            }
        }
        #expect(mirror.paths.isEmpty)
    }

    @Test func anEncryptedModelIsServedByItsRecipientsOnly() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let recipient = try #require(town.fixture.nodes.values.first)
        let model = try await mirror.pack("secret", for: [recipient.publicKey])
        try await mirror.serve { url in
            let registered = try town.fixture.registered(model, sources: ["\(url)/secret#\(model.id)"])
            town.aggregator.change { $0.registered = [registered] }
            let stranger = try #require(town.fixture.nodes.values.first { $0.publicKey != recipient.publicKey })
            try await withWorker(town, key: stranger) { _ in
                #expect(await town.logged("not served \(model.id) is encrypted, and not for this node") != nil)
            }
            #expect(mirror.paths.isEmpty, "it is not fetched in vain")
            try await withWorker(town, key: recipient) { _ in
                #expect(await isServed(model.id, in: town))
            }
        }
    }

    @Test func aWithdrawnModelIsLetGo() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let model = try await mirror.pack("second")
        try await mirror.serve { url in
            try await withWorker(town) { _ in
                let own = try town.fixture.registered()
                let registered = try town.fixture.registered(model, sources: ["\(url)/second#\(model.id)"])
                town.aggregator.change { $0.registered = [own, registered] }
                #expect(await isServed(model.id, in: town))
                // The worker was started with its own, which stays.
                town.aggregator.change { $0.registered = [] }
                #expect(await town.logged("a withdrawn model is served no more") != nil)
                let left = await town.aggregator.wait { state -> [ModelID]? in
                    let models = state.polls.last?.body.models ?? []
                    return models.contains(model.id) ? nil : models
                }
                #expect(left == [own.model.id])
                town.aggregator.change { $0.registered = [registered] }
                #expect(await isServed(model.id, in: town))
            }
        }
        #expect(mirror.paths.count { $0.hasSuffix(".gguf") } == 1, "it was in the cache")
    }

    /// Stopped again and again while it fetches, a worker takes the model up in the end, and the cache holds it once.
    @Test func aTakeUpThatWasCutShortGoesOn() async throws {
        let (town, mirror) = (try Town(), PackageMirror())
        let model = try await mirror.pack("second")
        try await mirror.serve { url in
            let registered = try town.fixture.registered(model, sources: ["\(url)/second#\(model.id)"])
            town.aggregator.change { $0.registered = [registered] }
            for _ in 0..<3 {
                try await withWorker(town) { _ in
                    #expect(await town.logged("fetching the package") != nil)
                }
            }
            try await withWorker(town) { _ in
                #expect(await isServed(model.id, in: town))
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(town.cache)/\(model.id)")
                #expect(Set(names) == ["package", "record.json"])
            }
        }
    }
}
