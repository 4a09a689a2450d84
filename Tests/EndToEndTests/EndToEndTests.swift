import Canonical
import Consensus
import DNAProtocol
import Foundation
import Inference
import ModelPackages
import Testing
import WorkerService

/// From a prompt to a certificate, through every service.
@Suite(.serialized, .liveNetwork) struct EndToEndTests {
    private func failures(_ bundle: DNAProtocol.Bundle, _ file: NetworkFile?) -> [String] {
        Verification(of: bundle, networkFile: file).checks.filter { $0.failure != nil }.map(\.name)
    }

    @Test func certifiesEightQuestionsAtOnce() async throws {
        let network = try LiveNetwork.shared()
        let file = try network.networkFile
        try await withThrowingTaskGroup(of: DNAProtocol.Bundle.self) { group in
            for number in 1...8 {
                group.addTask { try await network.ask("Count to \(number).").bundle }
            }
            var requests: Set<RequestID> = []
            for try await bundle in group {
                #expect(Verification(of: bundle, networkFile: file).verdict == .valid)
                requests.insert(bundle.certificate.decision.request)
            }
            #expect(requests.count == 8)
        }
    }

    @Test func answersTheSameRequestWithTheSameCertificate() async throws {
        let network = try LiveNetwork.shared()
        let first = try await network.ask("Say something.")
        let again = try await network.ask("Say something.")
        #expect(first.answer == again.answer && first.bundle == again.bundle)
        let other = try await network.ask("Say something.", extra: #","dna":{"idempotency_key":"2"}"#)
        #expect(other.bundle.certificate.decision.seed != first.bundle.certificate.decision.seed)
    }

    @Test func showsTheTextTheCertificateCovers() async throws {
        let network = try LiveNetwork.shared()
        let (answer, bundle) = try await network.ask(
            "What is the capital of France? Answer in one sentence.", tokens: 16, extra: #","temperature":0"#)
        let text = answer["choices"]?[0]?["message"]?["content"]?.text
        #expect(text == bundle.output.text && bundle.output.text.contains("Paris"))
        #expect(bundle.certificate.decision.output == (try bundle.output.outputID()))
        #expect(bundle.certificate.decision.finishReason == .stop)
    }

    @Test func refusesAnAlteredCertificateAndAnotherNetworksKey() async throws {
        let network = try LiveNetwork.shared()
        let file = try network.networkFile
        let bundle = try await network.ask("Say something.").bundle
        #expect(failures(bundle, file) == [])
        #expect(Verification(of: bundle, networkFile: nil).verdict == .selfConsistent)
        var altered = bundle
        altered.certificate.decision.round += 1
        #expect(Set(failures(altered, file)) == ["signature", "evidence"])
        altered = bundle
        altered.output.text += "!"
        #expect(failures(altered, file) == ["output"])
        altered = bundle
        altered.certificate.groupKey = file.genesis.administrators.keys[0]
        #expect(Set(failures(altered, file)) == ["signature", "group key"])
    }

    @Test func replaysAndNamesTheFirstTokenThatDiffers() async throws {
        let network = try LiveNetwork.shared()
        let bundle = try await network.ask("Name a colour.", tokens: 12).bundle
        let package = try ModelPackage(folder: network.folder.model)
        let model = try await package.verify(expecting: bundle.evidence.request.model)
        let engine = try Engine(modelPath: package.weightsPath)
        let replay = BundleReplay(try RequestComputation(model: model, engine: engine))
        #expect(try await replay.run(bundle).mismatch == nil)

        var altered = bundle
        let index = bundle.output.tokens.count / 2
        altered.output.tokens[index] ^= 1
        let expected = BundleReplay.Mismatch.token(
            index: index, computed: bundle.output.tokens[index], given: altered.output.tokens[index])
        #expect(try await replay.run(altered).mismatch == expected)

        altered = bundle
        altered.certificate.decision.trace = Digest.of("another trace", [])
        #expect(try await replay.run(altered).mismatch == .digest(field: "trace"))
    }

    @Test func certifiesThatAPromptIsTooLong() async throws {
        let network = try LiveNetwork.shared()
        let prompt = String(repeating: "1 ", count: 9_000)
        let body = #"{"model":"SmolLM2-135M-Instruct","messages":[{"role":"user","content":"\#(prompt)"}]}"#
        let (status, answer) = try await network.send("POST", "/v1/chat/completions", body)
        #expect(status == 400)
        #expect(answer["error"]?["code"]?.text == "context_length_exceeded")
        #expect(answer["error"]?["param"]?.text == "messages")
    }

    @Test(arguments: [
        (400, "{", nil),
        (400, #"{"model":"SmolLM2-135M-Instruct"}"#, "messages"),
        (400, #"{"model":"SmolLM2-135M-Instruct","messages":"Hello"}"#, "messages"),
        (
            400, #"{"model":"SmolLM2-135M-Instruct","messages":[{"role":"user","content":"x"}],"temperature":3}"#,
            "temperature"
        ),
        (404, #"{"model":"no-such-model","messages":[{"role":"user","content":"x"}]}"#, "model"),
    ])
    func namesTheFieldOfABadRequest(status: Int, body: String, field: String?) async throws {
        let network = try LiveNetwork.shared()
        let (answered, answer) = try await network.send("POST", "/v1/chat/completions", body)
        #expect(answered == status, "\(answer)")
        #expect(answer["error"]?["param"]?.text == field)
        #expect(try await network.send("GET", "/readyz").status == 200)
    }
}
