import Canonical
import Consensus
import Cryptography
import DNAProtocol
import Foundation
import Glibc
import LocalNetwork
import TestKit
import Testing

/// Models that are registered while the network runs.
extension EndToEndTests {
    /// Waits for a line in a worker's log with all of these words.
    private func wait(for words: [String], in worker: String, of network: LiveNetwork) async throws {
        try await eventually {
            try network.log(of: worker).contains { line in words.allSatisfy { line.contains($0) } }
        }
    }

    /// What `dna nodes list --json` prints, as far as these tests want to know it.
    private struct Listing: Decodable {
        struct Node: Decodable {
            var models: [ModelID]
        }

        var nodes: [Node]
    }

    private func waitUntilServed(_ model: ModelID, by workers: [String], of network: LiveNetwork) async throws {
        for worker in workers {
            try await wait(for: ["a registered model is served", "\(model)"], in: worker, of: network)
        }
        // A committee is drawn from those whose polls have said so, and from others when these are too few.
        try await eventually {
            let output = try await network.dna("nodes", "list", "--json")
            let nodes = try JSONDecoder().decode(Listing.self, from: Data(output)).nodes
            return nodes.count { $0.models.contains(model) } >= workers.count
        }
    }

    private func certified(_ network: LiveNetwork, model: String) async throws -> LiveNetwork.Bundle {
        let body = #"{"model":"\#(model)","max_tokens":4,"messages":[{"role":"user","content":"Name a colour."}]}"#
        let (status, answer) = try await network.send("POST", "/v1/chat/completions", body)
        try #require(status == 200, "\(answer)")
        return try await network.bundle(of: try #require(answer["dna"]?["request_id"]?.text))
    }

    @Test func workersTakeUpARegisteredModelAndItsAliasIsAnswered() async throws {
        let network = try LiveNetwork.shared()
        let mirror = PackageMirror()
        let model = try await mirror.pack("Second")
        try await mirror.serve { url in
            let source = "\(url)/Second#\(model.id)"
            try await network.dna(
                "model", "register", mirror.folder(of: "Second"), "--alias", "second", "--source", source)
            try await waitUntilServed(
                model.id, by: try network.services(like: "inference-worker"), of: network)
            let bundle = try await certified(network, model: "second")
            #expect(bundle.certificate.decision.model == model.id)
            #expect(Verification(of: bundle, networkFile: try network.networkFile).verdict == .valid)
        }
        let (_, listed) = try await network.send("GET", "/v1/models/second")
        #expect(listed["dna"]?["model_id"]?.text == "\(model.id)")
        // The first one is answered as before.
        #expect(try await network.ask("Name a colour.").bundle.certificate.decision.model != model.id)
    }

    @Test func anEncryptedModelIsServedByTheNodesItIsFor() async throws {
        let network = try LiveNetwork.shared()
        let workers = try network.services(like: "inference-worker")
        let nodes = try workers.map { worker in
            let line = try #require(try network.log(of: worker).first { $0.contains(#""message":"working""#) })
            let text = try CanonicalJSON.parse(Array(line.utf8))["node"]?.text
            return try #require(text.flatMap { Ed25519.PublicKey(hex: $0) })
        }
        let mirror = PackageMirror()
        let policy = Policy(rule: .unanimous, committee: 2)
        let model = try await mirror.pack("Secret", policy: policy, for: Array(nodes.prefix(2)))
        try await mirror.serve { url in
            try await network.dna(
                "model", "register", mirror.folder(of: "Secret"), "--alias", "secret", "--source",
                "\(url)/Secret#\(model.id)")
            try await waitUntilServed(model.id, by: Array(workers.prefix(2)), of: network)
            try await wait(for: ["\(model.id) is encrypted, and not for this node"], in: workers[2], of: network)
            let bundle = try await certified(network, model: "secret")
            #expect(Set(bundle.certificate.decision.voters) == Set(nodes.prefix(2)))
            #expect(Verification(of: bundle, networkFile: try network.networkFile).verdict == .valid)
        }
    }

    @Test func aWorkerThatIsKilledWhileItTakesUpAModelTakesItUp() async throws {
        let network = try LiveNetwork.shared()
        let workers = try network.services(like: "inference-worker")
        let mirror = PackageMirror()
        let model = try await mirror.pack("Third")
        mirror.holdsWeights = true
        try await mirror.serve { url in
            try await network.dna(
                "model", "register", mirror.folder(of: "Third"), "--alias", "third", "--source",
                "\(url)/Third#\(model.id)")
            // One fetches, and the others wait for it: they share the cache.
            try await eventually { mirror.paths.contains { $0.hasSuffix(".gguf") } }
            let words = [#""message":"fetching the package""#, "\(model.id)"]
            let fetching = try #require(
                try workers.first { worker in
                    try network.log(of: worker).contains { line in words.allSatisfy { line.contains($0) } }
                })
            let pid = try String(contentsOfFile: "\(network.folder.run)/\(fetching).pid", encoding: .utf8)
            try #require(kill(try #require(pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL) == 0)
            mirror.holdsWeights = false
            try await waitUntilServed(model.id, by: workers, of: network)
            let bundle = try await certified(network, model: "third")
            #expect(Verification(of: bundle, networkFile: try network.networkFile).verdict == .valid)
        }
    }

    @Test func aWithdrawnModelIsListedNoMoreAndRefused() async throws {
        let network = try LiveNetwork.shared()
        let mirror = PackageMirror()
        let model = try await mirror.pack("Fourth")
        try await network.dna("model", "register", mirror.folder(of: "Fourth"), "--alias", "fourth")
        let (_, listed) = try await network.send("GET", "/v1/models/fourth")
        #expect(listed["dna"]?["model_id"]?.text == "\(model.id)")
        try await network.dna("model", "withdraw", "fourth")
        for name in ["fourth", "Fourth", "\(model.id)"] {
            #expect(try await network.send("GET", "/v1/models/\(name)").status == 404)
            let body = #"{"model":"\#(name)","messages":[{"role":"user","content":"x"}]}"#
            let (status, answer) = try await network.send("POST", "/v1/chat/completions", body)
            #expect(status == 404 && answer["error"]?["param"]?.text == "model", "\(answer)")
        }
    }

    @Test func theFoundedNetworksModelHasAnAlias() async throws {
        let network = try LiveNetwork.shared()
        let bundle = try await certified(network, model: "smollm2")
        let (_, listed) = try await network.send("GET", "/v1/models/smollm2")
        #expect(listed["dna"]?["model_id"]?.text == "\(bundle.certificate.decision.model)")
        #expect(listed["dna"]?["aliases"]?[0]?.text == "smollm2")
        #expect(listed["dna"]?["manifest"]?["licence"]?.text == "apache-2.0")
        #expect(listed["dna"]?["manifest"]?["policy"] != nil)
    }
}
