import DNAProtocol
import Foundation
import ModelPackages
import TestKit
import Testing

/// With the small model that `scripts/fetch-model` fetches.
@Suite struct PackageDraftTests {
    let place: PackagePlace

    init() throws { place = try PackagePlace() }

    @Test func asksForNothingThatTheWeightsSay() async throws {
        defer { place.remove() }
        let draft = try PackageDraft(from: RealModel.path)
        let manifest = draft.manifest
        #expect(manifest.architecture == "llama" && manifest.contextLength > 1_000)
        #expect(manifest.chatTemplate == Manifest.partOfWeights)
        #expect(manifest.environment.disk > 50_000_000)
        #expect(manifest.environment.memory > manifest.environment.disk / 2)
        let model = try await draft.write(with: place.writer(.link))
        #expect(try await ModelPackage(folder: place.folder).verify() == model)
        #expect(model.manifest.files.map(\.role) == [.weights])
        // The same again is the same model.
        let again = try await PackageDraft(from: RealModel.path).write(with: place.writer(.link))
        #expect(again == model)
    }

    @Test func takesWhatLiesBesideTheWeights() async throws {
        defer { place.remove() }
        let folder = place.root + "/source"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/m.gguf", withDestinationPath: URL(fileURLWithPath: RealModel.path).path)
        for name in ["LICENSE", "tokenizer.json", "chat.jinja", "README.md", ".hidden", "manifest.json"] {
            try Data(name.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        let model = try await PackageDraft(from: folder).write(with: place.writer(.link))
        let roles = Dictionary(uniqueKeysWithValues: model.manifest.files.map { ($0.name, $0.role) })
        #expect(
            roles == [
                "m.gguf": .weights, "LICENSE": .licence, "tokenizer.json": .tokenizer, "chat.jinja": .chatTemplate,
                "README.md": .other,
            ])
        #expect(model.manifest.environment.disk == model.manifest.files.reduce(0) { $0 + $1.size })
        #expect(try await ModelPackage(folder: place.folder).verify() == model)
        // Nobody may think that a script decides.
        try Data("return true".utf8).write(to: URL(fileURLWithPath: folder + "/policy.lua"))
        await #expect(throws: InvalidField.self) {
            try await PackageDraft(from: folder).write(with: place.writer(.link))
        }
    }

    @Test func refusesWhatNoEngineRuns() throws {
        defer { place.remove() }
        // Not GGUF at all.
        #expect(throws: (any Error).self) { try PackageDraft(from: place.weights) }
        #expect(throws: PackageDraftError.missing(path: place.root + "/none")) {
            try PackageDraft(from: place.root + "/none")
        }
        let folder = place.root + "/source"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(throws: PackageDraftError.noWeights(path: folder)) { try PackageDraft(from: folder) }
        for name in ["a.gguf", "b.GGUF"] { try place.bytes.write(to: URL(fileURLWithPath: folder + "/" + name)) }
        #expect(throws: PackageDraftError.severalWeights(path: folder)) { try PackageDraft(from: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/more", withIntermediateDirectories: true)
        #expect(throws: PackageDraftError.notAFile(path: folder + "/more")) { try PackageDraft(from: folder) }
    }
}
