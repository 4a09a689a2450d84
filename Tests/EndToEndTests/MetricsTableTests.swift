import AggregatorService
import Foundation
import GatewayService
import ServiceKit
import SignerService
import Testing
import WorkerService

/// `docs/operations.md` names what is measured.
struct MetricsTableTests {
    static let sections = [
        ("Every service", HTTPMetrics.definitions + ProcessMetrics.definitions),
        ("gateway and consensus-aggregator", DatabaseMetrics.definitions),
        ("gateway", GatewayMetrics.definitions),
        ("consensus-aggregator", AggregatorMetrics.definitions),
        ("inference-worker", WorkerMetrics.definitions),
        ("signer", SignerMetrics.definitions),
    ]

    @Test func theDocumentHasTheTablesOfTheDefinitions() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/operations.md")
        let document = try String(contentsOf: file, encoding: .utf8)
        for (title, definitions) in Self.sections {
            let section = "**\(title)**\n\n\(MetricDefinition.table(definitions))"
            #expect(document.contains(section), "docs/operations.md should hold:\n\(section)")
        }
    }

    @Test func namesFollowTheRules() {
        for definition in Self.sections.flatMap(\.1) {
            let isOwn = definition.name.hasPrefix("dna_") || definition.name.hasPrefix("process_")
            #expect(isOwn && definition.name.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect(definition.kind != .counter || definition.name.hasSuffix("_total"))
            #expect(!definition.help.isEmpty && !definition.help.contains("|"))
        }
    }
}
