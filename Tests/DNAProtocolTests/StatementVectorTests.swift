import Canonical
import Cryptography
import DNAProtocol
import Testing

/// Bytes and digests made by another program from the protocol's description alone.
@Suite struct StatementVectorTests {
    struct File: Decodable {
        struct Entry: Decodable {
            var context: String
            var canonical: String
            var digest: String
        }
        struct IntegerSeed: Decodable {
            var integer: Int64
            var seed: Seed
        }

        struct Model: Decodable {
            var id: String
            var listing: String
        }

        var statements: [Entry]
        var model: Model
        var certificate: String
        var seed: Seed
        var challenge: Digest
        var ranking: Digest
        var integer_seed: IntegerSeed
    }

    let file: File

    init() throws { file = try vectors("statements", as: File.self) }

    private func entry(_ context: String) throws -> File.Entry {
        try #require(file.statements.first { $0.context == context })
    }

    /// Reads the text as `type`, and expects the same bytes and the same digest back.
    private func check<T: Statement & Decodable>(_ type: T.Type) throws {
        let entry = try entry(T.context)
        let value = try read(type, entry.canonical)
        #expect(try value.signingBytes() == Array((entry.context + "\n" + entry.canonical).utf8), "\(T.context)")
        #expect(try value.digest().hex == entry.digest, "\(T.context)")
    }

    @Test func givesTheBytesAndDigestsOfTheDescription() throws {
        try check(Genesis.self)
        try check(ModelRegistration.Body.self)
        try check(Roster.self)
        try check(Request.self)
        try check(Committee.self)
        try check(Prompt.self)
        try check(Output.self)
        try check(Vote.Body.self)
        try check(Commitment.Body.self)
        try check(KeyGenerationOutcome.self)
        try check(Decision.self)
        #expect(file.statements.count == 12)
    }

    @Test func signsAManifestWithoutItsSignature() throws {
        let entry = try entry(Manifest.Unsigned.context)
        let unsigned = Manifest.Unsigned(try read(Manifest.self, entry.canonical))
        #expect(try unsigned.signingBytes() == Array((entry.context + "\n" + entry.canonical).utf8))
        #expect(try unsigned.digest().hex == entry.digest)
    }

    /// The root block was put together from the IPFS specifications by that other program.
    @Test func knowsAModelByItsRootBlock() throws {
        let model = try read(PublishedModel.self, file.model.listing)
        #expect(model.id.description == file.model.id)
        try model.manifest.validate()
        #expect(model.manifest.author != nil && model.manifest.signature != nil)
        #expect(try CanonicalJSON.encode(model) == Array(file.model.listing.utf8))
        let request = try read(Request.self, try entry(Request.context).canonical)
        #expect(request.model == model.id)
    }

    @Test func derivesARequestsRandomness() throws {
        let request = try read(Request.self, try entry(Request.context).canonical)
        let randomness = Randomness(of: request, id: try request.requestID())
        #expect(randomness.seed == file.seed && randomness.seedSource == .request)
        #expect(randomness.challenge == file.challenge)
        #expect(randomness.ranking == file.ranking)
        #expect(Seed(integer: file.integer_seed.integer) == file.integer_seed.seed)
    }

    @Test func verifiesACertificateSignedByAnotherImplementation() throws {
        let certificate = try read(Certificate.self, file.certificate)
        #expect(try certificate.isSelfConsistent())
        var altered = certificate
        altered.decision.decidedAt = altered.decision.decidedAt + 1
        #expect(try !altered.isSelfConsistent())
    }
}
