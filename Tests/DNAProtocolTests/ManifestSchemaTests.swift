import Canonical
import ContentAddressing
import Cryptography
import DNAProtocol
import Foundation
import TestKit
import Testing

/// `schemas/manifest.schema.json` and ``Manifest`` describe the same documents: the same fields, the same words, the same
/// bounds.
@Suite struct ManifestSchemaTests {
    private let schema: JSONValue
    private let fixture: Fixture

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../schemas/manifest.schema.json")
        schema = try CanonicalJSON.parse(Array(Data(contentsOf: file)))
        fixture = try Fixture()
    }

    /// What stands at a path of keys, references followed.
    private func value(_ path: String) -> JSONValue? {
        var found: JSONValue? = schema
        for key in path.split(separator: "/") {
            guard case .object(let fields)? = found else { return nil }
            found = fields[String(key)]
        }
        return found
    }

    private func names(_ path: String) throws -> Set<String> {
        switch try #require(value(path), "\(path)") {
        case .object(let fields): return Set(fields.keys)
        case .array(let values):
            return Set(values.compactMap { if case .string(let text) = $0 { text } else { nil } })
        default: return []
        }
    }

    /// A bound of the thing at a path, its own or that of the definition it refers to.
    private func bound(_ path: String, _ word: String) -> Int? {
        if case .integer(let bound)? = value(path + "/" + word) { return Int(bound) }
        guard case .string(let reference)? = value(path + "/$ref") else { return nil }
        return bound(String(reference.dropFirst("#/".count)), word)
    }

    /// A manifest with every field there is.
    private func full() throws -> Manifest {
        var manifest = fixture.manifest
        (manifest.release, manifest.description) = ("1", "A model.")
        manifest.limits = .init(maximumTokens: 16, maximumTemperature: 2)
        manifest.policy = Policy(rule: .quorum, quorum: 2, committee: 3)
        manifest.environment.engine.below = EngineVersion((2, 0, 0))
        manifest.encryption = try .init(
            contentKey: SystemRandom.secret(count: 32), to: [fixture.administrator.publicKey])
        manifest.files[0].plain = .init(size: 100, sha256: manifest.files[0].sha256)
        manifest.files[0].size = 116
        return try manifest.signed(by: fixture.administrator)
    }

    private func fields(_ value: JSONValue?) -> Set<String> {
        guard case .object(let fields)? = value else { return [] }
        return Set(fields.keys)
    }

    @Test func namesTheSameFields() throws {
        let manifest = try full()
        try manifest.validate(within: fixture.genesis)
        guard case .object(let all) = try CanonicalJSON.parse(CanonicalJSON.encode(manifest)),
            case .object(let least) = try CanonicalJSON.parse(CanonicalJSON.encode(fixture.manifest)),
            case .array(let files)? = all["files"], case .array(let leastFiles)? = least["files"],
            case .object(let encryption)? = all["encryption"], case .array(let recipients)? = encryption["recipients"],
            case .object(let file)? = files.first, case .object(let environment)? = all["environment"],
            case .object(let leastEnvironment)? = least["environment"]
        else {
            Issue.record("a manifest is an object")
            return
        }
        #expect(try names("properties") == Set(all.keys))
        #expect(try names("required") == Set(least.keys))
        for part in ["sampling", "limits", "policy", "environment"] {
            #expect(try names("properties/\(part)/properties") == fields(all[part]), "\(part)")
        }
        for part in ["sampling", "policy", "environment"] {
            #expect(try names("properties/\(part)/required") == fields(least[part]), "\(part)")
        }
        let engine = "properties/environment/properties/engine/"
        #expect(try names(engine + "properties") == fields(environment["engine"]))
        #expect(try names(engine + "required") == fields(leastEnvironment["engine"]))
        #expect(try names("properties/files/items/properties") == fields(files.first))
        #expect(try names("properties/files/items/required") == fields(leastFiles.first))
        for word in ["properties", "required"] {
            #expect(try names("properties/files/items/properties/plain/\(word)") == fields(file["plain"]))
            #expect(try names("properties/encryption/\(word)") == Set(encryption.keys))
            #expect(try names("properties/encryption/properties/recipients/items/\(word)") == fields(recipients.first))
        }
        let objects = [
            "", "properties/environment/", engine, "properties/files/items/", "properties/encryption/",
            "properties/files/items/properties/plain/", "properties/encryption/properties/recipients/items/",
        ]
        for object in objects + ["sampling", "limits", "policy"].map({ "properties/\($0)/" }) {
            #expect(value(object + "additionalProperties") == .bool(false), "\(object)")
        }
        #expect(try names("dependentRequired/author") == ["signature"])
        #expect(try names("dependentRequired/signature") == ["author"])
    }

    @Test func namesTheSameWords() throws {
        #expect(value("properties/version/const") == .integer(1))
        #expect(value("properties/numerics/const") == .string(Manifest.numerics))
        #expect(try names("properties/encryption/properties/scheme/enum") == [Manifest.Encryption.scheme])
        #expect(
            bound("properties/encryption/properties/recipients", "maxItems") == Manifest.Encryption.maximumRecipients)
        #expect(try names("properties/tokenizer/enum") == [Manifest.partOfWeights])
        #expect(try names("properties/chat_template/enum") == [Manifest.partOfWeights, Manifest.noTemplate])
        #expect(try names("properties/import_profile/enum") == Set(ImportProfile.known.map(\.name)))
        #expect(try names("properties/policy/properties/mode/enum") == [Policy.Mode.replicate.rawValue])
        #expect(
            try names("properties/policy/properties/rule/enum") == Set(Policy.Rule.allCases.map(\.rawValue)))
        #expect(
            try names("properties/environment/properties/instruction_set/enum")
                == Set(Manifest.Environment.InstructionSet.allCases.map(\.rawValue)))
        #expect(
            try names("properties/files/items/properties/role/enum")
                == Set(Manifest.File.Role.allCases.map(\.rawValue)))
    }

    private struct Bounded: Sendable {
        let path: String
        let words: (least: String, most: String)
        let set: @Sendable (inout Manifest, Int) -> Void
    }

    private static func number(
        _ path: String, _ set: @escaping @Sendable (inout Manifest, Int) -> Void
    ) -> Bounded { Bounded(path: path, words: ("minimum", "maximum"), set: set) }

    private static func text(
        _ path: String, _ set: @escaping @Sendable (inout Manifest, String) -> Void
    ) -> Bounded {
        Bounded(path: path, words: ("minLength", "maxLength")) { set(&$0, String(repeating: "x", count: max($1, 0))) }
    }

    private static let bounded: [Bounded] = [
        text("properties/name") { $0.name = $1 }, text("properties/release") { $0.release = $1 },
        text("properties/description") { $0.description = $1 }, text("properties/licence") { $0.licence = $1 },
        text("properties/architecture") { $0.architecture = $1 },
        text("properties/files/items/properties/name") { $0.files[0].name = $1 },
        number("properties/context_length") { $0.contextLength = $1 },
        number("properties/environment/properties/memory") { $0.environment.memory = $1 },
        number("properties/environment/properties/disk") { $0.environment.disk = $1 },
        number("properties/files/items/properties/size") { $0.files[0].size = $1 },
        number("properties/sampling/properties/top_k") { $0.sampling.topK = $1 },
        number("properties/sampling/properties/temperature") { $0.sampling.temperature = Double($1) },
        number("properties/sampling/properties/min_p") { $0.sampling.minP = Double($1) },
        number("properties/sampling/properties/presence_penalty") { $0.sampling.presencePenalty = Double($1) },
        number("properties/sampling/properties/frequency_penalty") { $0.sampling.frequencyPenalty = Double($1) },
        number("properties/limits/properties/max_tokens") { $0.limits = .init(maximumTokens: $1) },
        Bounded(path: "properties/files", words: ("minItems", "maxItems")) { manifest, count in
            let file = manifest.files[0]
            manifest.files = (0..<max(count, 0)).map {
                .init(name: "\($0)", role: $0 == 0 ? .weights : .other, size: 1, sha256: file.sha256)
            }
        },
    ]

    @Test func drawsTheSameBounds() throws {
        for row in Self.bounded {
            let least = try #require(bound(row.path, row.words.least), "\(row.path)")
            let most = try #require(bound(row.path, row.words.most), "\(row.path)")
            for (value, isAllowed) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                // No text and no list is shorter than nothing.
                guard value >= 0 || row.words.least == "minimum" else { continue }
                var manifest = fixture.manifest
                row.set(&manifest, value)
                #expect(((try? manifest.validate()) != nil) == isAllowed, "\(row.path) = \(value)")
            }
        }
    }
}
