import Cryptography
import DNAProtocol
import ModelPackages
import TestKit
import Testing

@Suite struct SignedPackageTests {
    let place: PackagePlace
    let author = Ed25519.SigningKey()

    init() throws { place = try PackagePlace() }

    private func writer(models rules: Genesis.ModelRules?, author: Ed25519.SigningKey?) throws -> PackageWriter {
        var genesis = try Fixture().genesis
        genesis.models = rules
        try genesis.validate()
        var writer = place.writer()
        writer.genesis = genesis
        writer.author = author
        return writer
    }

    @Test func writesTheAuthorsSignature() async throws {
        defer { place.remove() }
        let model = try await place.write(with: writer(models: nil, author: author))
        #expect(model.manifest.author == author.publicKey)
        try model.manifest.validate()
        var altered = model.manifest
        altered.name = "another"
        #expect(throws: InvalidField("signature", "is not the author's")) { try altered.validate() }
        altered = model.manifest
        altered.author = Ed25519.SigningKey().publicKey
        #expect(throws: InvalidField("signature", "is not the author's")) { try altered.validate() }
        altered.author = nil
        #expect(throws: InvalidField("signature", "goes with author, and only with it")) { try altered.validate() }
    }

    @Test func isRefusedUnsignedWhereTheNetworkDemandsSignatures() async throws {
        defer { place.remove() }
        let rules = Genesis.ModelRules(signed: true)
        await #expect(throws: InvalidField("author", "must be there: this network serves signed models only")) {
            try await place.write(with: writer(models: rules, author: nil))
        }
        _ = try await place.write(with: writer(models: rules, author: author))
    }

    @Test func isRefusedOfAnAuthorTheNetworkDoesNotName() async throws {
        defer { place.remove() }
        let rules = Genesis.ModelRules(signed: true, authors: [author.publicKey])
        await #expect(throws: InvalidField("author", "is not one whose models this network serves")) {
            try await place.write(with: writer(models: rules, author: Ed25519.SigningKey()))
        }
        _ = try await place.write(with: writer(models: rules, author: author))
    }

    @Test func isRefusedOverTheNetworksBounds() async throws {
        defer { place.remove() }
        await #expect(throws: InvalidField.self) {
            try await place.write(with: writer(models: nil, author: nil)) { $0.policy.maximumCommittee = 17 }
        }
    }
}
