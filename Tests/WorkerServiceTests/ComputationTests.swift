import Canonical
import Consensus
import Cryptography
import DNAProtocol
import Inference
import Synchronization
import TestKit
import Testing
import WorkerService

struct StopTextsTests {
    private func run(_ stops: [String], _ pieces: [String]) -> (taken: Int, text: String) {
        var texts = StopTexts(stops)
        for (index, piece) in pieces.enumerated() where texts.append(Array(piece.utf8)[...]) {
            return (index + 1, texts.text)
        }
        return (pieces.count, texts.text)
    }

    @Test(arguments: [
        ([], ["ab", "cd"], 2, "abcd"),
        (["c"], ["ab", "cd", "e"], 2, "ab"),
        (["bc"], ["ab", "cd", "e"], 2, "a"),
        (["bcde"], ["ab", "c", "d", "ef"], 4, "a"),
        (["d", "bc"], ["a", "bcd"], 2, "a"),
        (["aab"], ["a", "a", "a", "b"], 4, "a"),
        (["x"], ["x"], 1, ""),
        (["e\u{301}"], ["\u{e9}", "f"], 2, "\u{e9}f"),
    ])
    func endTheTextBeforeTheFirstOne(_ stops: [String], _ pieces: [String], _ taken: Int, _ text: String) {
        let result = run(stops, pieces)
        #expect(result.taken == taken)
        #expect(result.text.utf8.elementsEqual(text.utf8))
    }

    @Test func mendACharacterThatTheTextEndsIn() {
        var texts = StopTexts([])
        let isEnd = texts.append([0x61, 0xE2, 0x82])
        #expect(!isEnd)
        #expect(texts.text == "a\u{FFFD}")
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ComputationTests {
    private let town: Town
    private let computation: RequestComputation

    init() throws {
        town = try Town()
        computation = try RealModel.computation(town.fixture.manifest)
    }

    @Test func stopTextsEndAnAnswerAsIfTheModelHad() async throws {
        let plain = try await computation.compute(try town.request(tokens: 6))
        let text = Array(plain.output.text)
        #expect(plain.output.finishReason == .length && plain.output.tokens.count == 6 && text.count > 8)
        var request = try town.request(tokens: 6)
        // The noise must stay the same though the request is another one.
        request.seed = Randomness(of: try town.request(tokens: 6), id: try town.request(tokens: 6).requestID()).seed
        request.stop = [String(text[4...6])]
        let stopped = try await computation.compute(request)
        #expect(stopped.output.finishReason == .stop)
        #expect(plain.output.text.hasPrefix(stopped.output.text))
        #expect(!stopped.output.text.contains(request.stop[0]))
        let tokens = stopped.output.tokens
        #expect(tokens.count < 6 && Array(plain.output.tokens.prefix(tokens.count)) == tokens)
        #expect(tokens.count > 0)
    }

    @Test func aConversationGoesThroughTheTemplateAndATextDoesNot() throws {
        let chat = try computation.prompt(of: .init(messages: [.init(role: .user, content: "Hi")])).tokens
        let text = try computation.prompt(of: .init(prompt: "Hi")).tokens
        #expect(chat.count > 20 && text.count <= 2)
        let control = try computation.prompt(of: .init(prompt: "<|im_start|>")).tokens
        #expect(!control.contains(chat[0]))
    }

    @Test func aModelWithoutATemplateRefusesConversationsAndCompletesTexts() async throws {
        var manifest = town.fixture.manifest
        manifest.chatTemplate = Manifest.noTemplate
        let computation = try RealModel.computation(manifest)
        var request = try town.request(tokens: 2)
        request.input = .init(messages: [.init(role: .user, content: "Hi")])
        let refusal = try await computation.compute(request)
        #expect(refusal.output.finishReason == .promptRefused && refusal.output.tokens == [])
        #expect(refusal.output.text == ChatTemplateError.missing.description)
        #expect(refusal.prompt.tokens == [])
        #expect(try computation.prompt(of: request.input).tokens == [])
        request.input = .init(prompt: "Hi")
        #expect(try await computation.compute(request).output.tokens.count > 0)
    }

    // MARK: Replay

    private func bundle() async throws -> Bundle {
        let request = try town.request(tokens: 5)
        let answer = try await computation.compute(request)
        let committee = try town.fixture.committee(request)
        let randomness = Randomness(of: request, id: try request.requestID())
        let keys = try committee.members.map { try #require(town.fixture.nodes[$0.node]) }
        let votes = try keys.map { key in
            try Vote(
                body: try Vote.Body(
                    request: request, randomness: randomness, committee: committee, node: key.publicKey,
                    result: try answer.result()),
                set: Digest.of("set", []), salt: Digest.of("salt", []), key: key)
        }
        let decision = try #require(
            try Decision(winners: votes, set: Digest.of("set", []), decidedAt: Timestamp(seconds: 1_800_000_000)))
        let key = Ed25519.SigningKey()
        return Bundle(
            certificate: Certificate(
                decision: decision, groupKey: key.publicKey, signature: try decision.signed(by: key)),
            evidence: Evidence(
                request: request, model: try town.fixture.model(), roster: town.fixture.roster, committee: committee,
                set: CommitmentSet(round: 1, commitments: []), votes: votes),
            prompt: answer.prompt, output: answer.output)
    }

    private final class Progress: Sendable {
        let done = Mutex<[Int]>([])
    }

    @Test func aReplayMatchesAndTellsHowFarItIs() async throws {
        let progress = Progress()
        let report = try await BundleReplay(computation).run(try await bundle()) { done, total in
            progress.done.withLock { $0.append(done) }
            if total != 5 { Issue.record("the bundle has five tokens") }
        }
        #expect(report.mismatch == nil && report.equalTokens == 5)
        #expect(progress.done.withLock(\.self) == [1, 2, 3, 4, 5])
    }

    @Test func aReplayNamesTheFirstTokenThatDiffers() async throws {
        let honest = try await bundle()
        var bundle = honest
        bundle.output.tokens[2] += 1
        bundle.output.tokens[4] += 1
        let drawn = honest.output.tokens
        let report = try await BundleReplay(computation).run(bundle)
        #expect(report.mismatch == .token(index: 2, computed: drawn[2], given: drawn[2] + 1))
        #expect(report.equalTokens == 2)
        bundle.output.tokens = Array(drawn.dropLast())
        let short = try await BundleReplay(computation).run(bundle)
        #expect(short.mismatch == .token(index: 4, computed: drawn[4], given: nil))
        bundle.output.tokens = drawn + [7]
        let long = try await BundleReplay(computation).run(bundle)
        #expect(long.mismatch == .token(index: 5, computed: nil, given: 7))
    }

    @Test func aReplayNamesTheTokenWhoseTextWasAltered() async throws {
        let honest = try await bundle()
        var bundle = honest
        let piece = computation.engine.tokenizer.decode(honest.output.tokens.prefix(2).map { Int32($0) })
        bundle.output.text = piece + "\u{1}" + honest.output.text.dropFirst(piece.count)
        #expect(try await BundleReplay(computation).run(bundle).mismatch == .text(token: 2))
        bundle.output.text = honest.output.text + "!"
        #expect(try await BundleReplay(computation).run(bundle).mismatch == .text(token: nil))
    }

    @Test func aReplayNamesWhatElseWasAltered() async throws {
        let honest = try await bundle()
        let replay = BundleReplay(computation)
        func mismatch(_ alter: (inout Bundle) -> Void) async throws -> BundleReplay.Mismatch? {
            var bundle = honest
            alter(&bundle)
            return try await replay.run(bundle).mismatch
        }
        let other = Digest.of("other", [])
        #expect(try await mismatch { $0.certificate.decision.trace = other } == .digest(field: "trace"))
        #expect(try await mismatch { $0.certificate.decision.seed = Seed(other) } == .decision(field: "seed"))
        #expect(
            try await mismatch { $0.evidence.request.maximumTokens = 4 } == .decision(field: "request"))
        #expect(
            try await mismatch { $0.output.finishReason = .stop } == .finishReason(computed: .length, given: .stop))
        let first = honest.prompt.tokens[0]
        #expect(
            try await mismatch { $0.prompt.tokens[0] += 1 }
                == .promptToken(index: 0, computed: first, given: first + 1))
        #expect(
            try await mismatch { $0.certificate.decision.output = OutputID(other) } == .digest(field: "output"))
    }
}
