import Canonical
import Consensus
import DNAProtocol
import Foundation
import Testing

/// A bundle that another program made from the protocol's description alone, and everything an attacker could write in
/// its place. A trap would end the whole test process.
@Suite struct ForeignBundleTests {
    struct File: Decodable {
        var network_file: JSONValue
        var bundle: JSONValue
        var ranking: [String]
    }

    let file: File

    init() throws {
        let url = try #require(Foundation.Bundle.module.url(forResource: "Vectors/bundle", withExtension: "json"))
        file = try CanonicalJSON.decode(File.self, from: Array(Data(contentsOf: url)))
    }

    /// nil when one of the two cannot even be read.
    private func verify(_ bundle: JSONValue, _ network: JSONValue?) -> Verification? {
        guard
            let bundle = try? CanonicalJSON.decode(DNAProtocol.Bundle.self, from: bundle, unknownKeys: .refused)
        else { return nil }
        guard let network else { return Verification(of: bundle, networkFile: nil) }
        guard let network = try? CanonicalJSON.decode(NetworkFile.self, from: network, unknownKeys: .refused) else {
            return nil
        }
        return Verification(of: bundle, networkFile: network)
    }

    @Test func acceptsWhatTheDescriptionLeadsTo() throws {
        let verification = try #require(verify(file.bundle, file.network_file))
        #expect(verification.checks.filter { $0.failure != nil } == [])
        #expect(verification.verdict == .valid)
        #expect(verify(file.bundle, nil)?.verdict == .selfConsistent)
    }

    @Test func ranksAsTheDescriptionSays() throws {
        let bundle = try CanonicalJSON.decode(DNAProtocol.Bundle.self, from: file.bundle)
        let request = bundle.evidence.request
        let ranking = CommitteeRanking(
            of: bundle.evidence.roster.roster, randomness: Randomness(of: request, id: try request.requestID()).ranking)
        #expect(ranking.members.map(\.node.hex) == file.ranking)
        #expect(ranking.operatorCount == 4)
    }

    @Test func refusesABundleWithAnyValueChanged() {
        for (path, altered) in Mutation.leaves(of: file.bundle) {
            #expect(verify(altered, file.network_file)?.verdict != .valid, "\(path)")
        }
    }

    @Test func refusesANetworkFileWithAnyValueChanged() {
        for (path, altered) in Mutation.leaves(of: file.network_file) {
            #expect(verify(file.bundle, altered)?.verdict != .valid, "\(path)")
        }
    }

    @Test func noticesAnAlterationOfTheEvidenceWithoutANetworkFile() throws {
        let evidence = try #require(file.bundle["evidence"])
        guard case .object(let members) = file.bundle else { throw CocoaError(.coderInvalidValue) }
        for (path, altered) in Mutation.leaves(of: evidence) where !path.hasPrefix(".roster.signatures") {
            let bundle = JSONValue.object(members.merging(["evidence": altered]) { $1 })
            #expect(verify(bundle, nil)?.verdict ?? .invalid == .invalid, "\(path)")
        }
    }

    @Test func survivesAnyNumberAndAnyListInTheBundle() {
        // Nothing says in which order administrators sign.
        let orderless = ".evidence.roster.signatures"
        for (path, altered) in Mutation.hostile(in: file.bundle) {
            #expect(verify(altered, file.network_file)?.verdict != .valid || path == orderless, "\(path)")
            #expect(verify(altered, nil)?.verdict != .valid, "\(path)")
        }
    }

    @Test func survivesAnyNumberAndAnyListInTheNetworkFile() {
        for (path, altered) in Mutation.hostile(in: file.network_file) {
            #expect(verify(file.bundle, altered)?.verdict != .valid, "\(path)")
        }
    }
}

/// Changes of a JSON value, one at a time.
enum Mutation {
    /// Every leaf changed to another value of its type.
    static func leaves(of value: JSONValue) -> [(path: String, value: JSONValue)] {
        changes(of: value, at: "") { leaf in
            switch leaf {
            case .null, .array, .object: []
            case .bool(let flag): [.bool(!flag)]
            case .integer(let integer): [.integer(integer + 1), .integer(integer - 1)]
            case .number(let number): [.number(number + 0.125)]
            case .string(let text): [.string(another(text))]
            }
        }
    }

    /// Every number made extreme; every list emptied, cut, doubled, reversed or grown; every text made strange.
    static func hostile(in value: JSONValue) -> [(path: String, value: JSONValue)] {
        changes(of: value, at: "") { value in
            switch value {
            case .null, .bool: []
            case .integer(let integer):
                [Int64.min, -1, 0, 65, 1 << 53, Int64.max].filter { $0 != integer }.map { .integer($0) }
            case .number: [.integer(.min), .integer(.max), .number(-1e300), .number(1e300)]
            case .string: [.string(String(repeating: "\u{0}e\u{301}", count: 1_000))]
            case .array(let elements): lists(elements)
            case .object: [.object([:])]
            }
        }
    }

    private static func lists(_ elements: [JSONValue]) -> [JSONValue] {
        guard let first = elements.first else { return [] }
        let many = Array(repeating: first, count: 300)
        let reversed = Array(elements.reversed())
        return ([[], elements + elements, many, Array(elements.dropLast())] + (reversed == elements ? [] : [reversed]))
            .map { .array($0) }
    }

    /// Another text of the same form: the last digit of a key or digest, the last letter of a name, another second.
    private static func another(_ text: String) -> String {
        if text.hasSuffix("Z"), text.count == 20 { return "2026-01-31T23:59:58Z" }
        guard let last = text.last else { return "x" }
        return text.dropLast() + (last == "0" ? "1" : "0")
    }

    private static func changes(
        of value: JSONValue, at path: String, _ change: (JSONValue) -> [JSONValue]
    ) -> [(path: String, value: JSONValue)] {
        var all = change(value).map { (path: path, value: $0) }
        switch value {
        case .array(let elements):
            // Elements are all of one form: the first and the last stand for those between.
            for index in Set([0, elements.count - 1]) where elements.indices.contains(index) {
                for (place, altered) in changes(of: elements[index], at: "\(path)[\(index)]", change) {
                    var copy = elements
                    copy[index] = altered
                    all.append((place, .array(copy)))
                }
            }
        case .object(let members):
            for (key, member) in members {
                for (place, altered) in changes(of: member, at: "\(path).\(key)", change) {
                    all.append((place, .object(members.merging([key: altered]) { $1 })))
                }
            }
        default: break
        }
        return all
    }
}
