import AggregatorService
import Canonical
import DNAProtocol
import Foundation
import GatewayService
import HTTPTransport
import NIOCore
import ServiceKit
import SignerService
import Testing
import WorkerService

/// What operators see of a request: metrics and log lines.
extension EndToEndTests {
    @Test func everyServiceMeasuresARequest() async throws {
        let network = try LiveNetwork.shared()
        _ = try await network.ask("Name a river.")
        let aggregator = try await network.metrics(
            of: try #require(network.services(like: "consensus-aggregator").first))
        #expect(aggregator.lacks(AggregatorMetrics.definitions + DatabaseMetrics.definitions) == [])
        #expect(aggregator.value(#"dna_request_transitions_total{state="certified"}"#) >= 1)
        #expect(aggregator.value(#"dna_policy_results_total{result="decided"}"#) >= 1)
        #expect(aggregator.value(#"dna_ballots_total{kind="commitment",admission="recorded"}"#) >= 2)
        #expect(aggregator.value(#"dna_ballots_total{kind="vote",admission="recorded"}"#) >= 2)
        #expect(aggregator.value(#"dna_signing_rounds_total{outcome="signed"}"#) >= 1)
        #expect(aggregator.value("dna_signing_duration_seconds_count") >= 1)
        #expect(aggregator.value(#"dna_requests_open{state="voting"}"#) == 0)
        #expect(aggregator.value(#"dna_nodes{status="active"}"#) == 3)
        #expect(aggregator.value(#"dna_nodes{status="available"}"#) == 3)
        // The first epoch lists nobody: the workers joined.
        #expect(aggregator.value("dna_roster_epoch") > 1 && aggregator.value("dna_group_key_known") == 1)
        #expect(aggregator.value("dna_database_statement_duration_seconds_count") > 10)
        #expect(aggregator.value(#"dna_database_transaction_duration_seconds_count{outcome="committed"}"#) >= 3)

        var (given, computed, tokens) = (0.0, 0.0, 0.0)
        for name in try network.services(like: "signer") {
            let signer = try await network.metrics(of: name)
            #expect(signer.lacks(SignerMetrics.definitions) == [])
            #expect(signer.value(#"dna_key_generation_phase{phase="finished"}"#) == 1)
            given += signer.value(#"dna_signature_shares_total{outcome="given"}"#)
        }
        #expect(given >= 3)
        for name in try network.services(like: "inference-worker") {
            let worker = try await network.metrics(of: name)
            #expect(worker.lacks(WorkerMetrics.definitions + HTTPMetrics.definitions) == [])
            #expect(worker.value("process_resident_memory_bytes") > 1e7)
            #expect(worker.value("dna_aggregator_contact") == 1)
            computed += worker.value("dna_inference_prefill_seconds_count")
            tokens += worker.value(#"dna_inference_tokens_total{direction="answer"}"#)
        }
        #expect(computed >= 2 && tokens >= 2)
        let gateway = try await network.metrics(of: "gateway")
        #expect(gateway.lacks(GatewayMetrics.definitions) == [])
    }

    @Test func metricsAreNotPublic() async throws {
        let network = try LiveNetwork.shared()
        let answer = try await network.client.send(.get, "/metrics", to: network.gateway, deadline: .seconds(10))
        #expect(answer.status == .notFound)
    }

    @Test func everyServiceNamesTheRequestInItsLogAndNobodyItsPrompt() async throws {
        let network = try LiveNetwork.shared()
        let bundle = try await network.ask("Tell me about the xylophone.").bundle
        let id = bundle.certificate.decision.request.hex
        // At least so many of each kind have had to do with it.
        var missing = ["gateway": 1, "consensus-aggregator": 1, "inference-worker": 2, "signer": 3]
        for name in try network.services(like: "") {
            let lines = try network.log(of: name)
            #expect(!lines.contains { $0.contains("xylophone") }, "\(name)")
            let isWitness = lines.contains { $0.contains(#""request":"\#(id)""#) }
            guard isWitness else { continue }
            for kind in missing.keys where name.hasPrefix(kind) { missing[kind, default: 0] -= 1 }
            if name.hasPrefix("signer") {
                #expect(lines.contains { $0.contains(#""request_id":"\#(id)""#) }, "\(name)")
            }
        }
        #expect(missing.values.allSatisfy { $0 <= 0 }, "\(missing)")
    }
}

extension LiveNetwork {
    /// The names of the services whose name begins like this: those that have a log.
    func services(like prefix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.logs).filter { $0.hasSuffix(".log") }
            .map { String($0.dropLast(".log".count)) }.filter { $0.hasPrefix(prefix) }.sorted()
    }

    func log(of service: String) throws -> [Substring] {
        try String(contentsOfFile: folder.log(service), encoding: .utf8).split(separator: "\n")
    }

    /// Scrapes a service, whose port is in its log. A gateway's public port does not show them.
    func metrics(of service: String) async throws -> Scrape {
        let ports = try log(of: service).filter { $0.contains(#""message":"listening""#) }.compactMap {
            try CanonicalJSON.parse(Array($0.utf8))["port"]?.text.flatMap { Int($0) }
        }
        let port = try #require(ports.last { $0 != gateway.port })
        let response = try await administrator.send(
            .get, "/metrics", to: HTTPOrigin(host: "127.0.0.1", port: port, isSecure: true), deadline: .seconds(10))
        try #require(response.status == .ok)
        return Scrape(String(buffer: response.body))
    }
}

/// One service's metrics.
struct Scrape {
    private var values: [String: Double] = [:]
    private var families: Set<String> = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                families.insert(String(line.split(separator: " ")[2]))
            } else if !line.hasPrefix("#"), let space = line.lastIndex(of: " ") {
                values[String(line[..<space])] = Double(line[line.index(after: space)...])
            }
        }
    }

    /// A series' value, 0 while it is not there.
    func value(_ series: String) -> Double { values[series] ?? 0 }

    func lacks(_ definitions: [MetricDefinition]) -> [String] {
        definitions.map(\.name).filter { !families.contains($0) }
    }
}
