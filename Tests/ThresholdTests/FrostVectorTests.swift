import Cryptography
import Testing
import Threshold

private struct Vectors: Decodable {
    struct Inputs: Decodable {
        let participant_list: [Int]
        let group_public_key: String
        let message: String
        let participant_shares: [Share]
    }
    struct Share: Decodable {
        let identifier: Int
        let participant_share: String
    }
    struct RoundOne: Decodable { let outputs: [Nonces] }
    struct Nonces: Decodable {
        let identifier: Int
        let hiding_nonce_randomness: String
        let binding_nonce_randomness: String
        let hiding_nonce_commitment: String
        let binding_nonce_commitment: String
        let binding_factor: String
    }
    struct RoundTwo: Decodable { let outputs: [Response] }
    struct Response: Decodable {
        let identifier: Int
        let sig_share: String
    }
    struct Final: Decodable { let sig: String }

    let inputs: Inputs
    let round_one_outputs: RoundOne
    let round_two_outputs: RoundTwo
    let final_output: Final
}

@Suite struct FrostVectorTests {
    private let vectors: Vectors
    private let keys: PublicKeyPackage
    private let shares: [ParticipantIdentifier: KeyShare]

    init() throws {
        let vectors = try ThresholdTests.vectors("frost-ed25519-sha512", as: Vectors.self)
        var verifyingShares: [ParticipantIdentifier: GroupElement] = [:]
        for share in vectors.inputs.participant_shares {
            verifyingShares[id(share.identifier)] = try .baseMultiple(
                of: SecretScalar(secret(share.participant_share)))
        }
        let keys = try PublicKeyPackage(
            groupKey: #require(Ed25519.PublicKey(hex: vectors.inputs.group_public_key)), threshold: 2,
            verifyingShares: verifyingShares)
        var shares: [ParticipantIdentifier: KeyShare] = [:]
        for share in vectors.inputs.participant_shares {
            shares[id(share.identifier)] = try KeyShare(
                participant: id(share.identifier), secretBytes: secret(share.participant_share), publicKeys: keys)
        }
        self.vectors = vectors
        self.keys = keys
        self.shares = shares
    }

    @Test func reproducesRFC9591() throws {
        var nonces: [SigningNonces] = []
        for output in vectors.round_one_outputs.outputs {
            var randomness = ScriptedRandomness(script: [
                try secret(output.hiding_nonce_randomness), try secret(output.binding_nonce_randomness),
            ])
            let share = try #require(shares[id(output.identifier)])
            let generated = try SigningNonces.generate(for: share, randomness: &randomness)
            #expect(generated.commitment.hiding.hex == output.hiding_nonce_commitment)
            #expect(generated.commitment.binding.hex == output.binding_nonce_commitment)
            nonces.append(generated)
        }
        let message = try hex(vectors.inputs.message)
        let package = try SigningPackage(message: message, commitments: nonces.map(\.commitment), publicKeys: keys)
        #expect(package.bindingFactors.map(\.hex) == vectors.round_one_outputs.outputs.map(\.binding_factor))

        let responses = try nonces.map {
            try package.sign(with: #require(shares[$0.commitment.participant]), nonces: $0)
        }
        #expect(responses.map(\.share.hex) == vectors.round_two_outputs.outputs.map(\.sig_share))

        let signature = try #require(Ed25519.Signature(hex: vectors.final_output.sig))
        #expect(try package.aggregate(responses) == .signature(signature))
        #expect(keys.groupKey.verifies(signature, of: message))
    }

    @Test func refusesTheInvalidElementOfTheVectors() throws {
        struct Elements: Decodable { let elements: [String: String] }
        let elements = try ThresholdTests.vectors("elements", as: Elements.self).elements
        #expect(GroupElement(hex: try #require(elements["invalid_element"])) == nil)
    }

    @Test func readsAndWritesTheSamples() throws {
        let samples = try ThresholdTests.vectors("samples", as: [String: String].self)
        for name in ["element1", "element2"] {
            let sample = try #require(samples[name])
            #expect(GroupElement(hex: sample)?.hex == sample)
        }
        let scalar = try #require(samples["scalar1"])
        #expect(Scalar(hex: scalar)?.hex == scalar)
        let proof = try #require(samples["proof_of_knowledge"])
        #expect(KeyGeneration.Proof(hex: proof)?.hex == proof)
        #expect(id(42).scalar.hex == samples["identifier"])
    }
}
