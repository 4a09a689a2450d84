public import Cryptography

extension KeyGeneration {
    /// What a participant broadcasts in round one.
    public struct RoundOnePackage: Codable, Hashable, Sendable {
        /// The sender.
        public let participant: ParticipantIdentifier
        /// φ_ik = a_ik·B, from the constant upwards; as many as the threshold.
        public let commitments: [GroupElement]
        /// That the sender knows a_i0.
        public let proof: Proof

        /// A package received from elsewhere; it is judged by ``fault(in:)``.
        public init(participant: ParticipantIdentifier, commitments: [GroupElement], proof: Proof) {
            self.participant = participant
            self.commitments = commitments
            self.proof = proof
        }

        /// What is wrong with this package, or `nil`.
        public func fault(in ceremony: Ceremony) -> Fault? {
            guard commitments.count == ceremony.threshold else { return .wrongCommitmentCount(commitments.count) }
            let isValid = proof.verifies(participant: participant, constant: commitments[0], context: ceremony.context)
            return isValid ? nil : .invalidProof
        }
    }

    /// A Schnorr proof of knowledge: R ‖ μ, 64 bytes, hexadecimal in JSON.
    public struct Proof: HexadecimalCodable {
        /// `proof of knowledge`.
        public static let typeName = "proof of knowledge"
        private let commitment: GroupElement
        private let response: Scalar

        /// `nil` unless R is a valid element and μ a canonical scalar.
        public init?(bytes: [UInt8]) {
            guard bytes.count == 64, let commitment = GroupElement(bytes: [UInt8](bytes[..<32])),
                let response = Scalar(bytes: [UInt8](bytes[32...]))
            else { return nil }
            self.commitment = commitment
            self.response = response
        }

        /// Proves knowledge of `secret`; the nonce depends on `randomness` and on all that enters the challenge.
        init(
            of secret: SecretScalar, participant: ParticipantIdentifier, constant: GroupElement, context: [UInt8],
            randomness: SecretBytes
        ) throws(ThresholdError) {
            let nonce = Suite.proofNonce(
                randomness: randomness, secret: secret.bytes,
                statement: participant.scalar.bytes + constant.bytes + context)
            commitment = try arithmetic { () throws(CryptographyError) in try .baseMultiple(of: nonce) }
            let challenge = Self.challenge(participant, constant, commitment, context)
            // μ = k + a_i0·c
            response = (nonce + secret * challenge).disclosed()
        }

        /// R ‖ μ.
        public var bytes: [UInt8] { commitment.bytes + response.bytes }

        /// μ·B = R + c·φ_i0.
        func verifies(participant: ParticipantIdentifier, constant: GroupElement, context: [UInt8]) -> Bool {
            let challenge = Self.challenge(participant, constant, commitment, context)
            guard let left = try? GroupElement.baseMultiple(of: response), let term = try? challenge * constant,
                let right = try? commitment + term
            else { return false }
            return left == right
        }

        /// c = HDKG(i ‖ φ_i0 ‖ R ‖ context). What stands before the context has a fixed size.
        private static func challenge(
            _ participant: ParticipantIdentifier, _ constant: GroupElement, _ commitment: GroupElement,
            _ context: [UInt8]
        ) -> Scalar {
            Suite.hdkg(participant.scalar.bytes + constant.bytes + commitment.bytes + context)
        }
    }
}
