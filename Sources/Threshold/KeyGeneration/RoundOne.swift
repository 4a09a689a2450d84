public import Cryptography

extension KeyGeneration {
    /// A participant that has drawn its polynomial. The coefficients stay in secret memory.
    public struct RoundOne: Sendable {
        /// What was agreed on.
        public let ceremony: Ceremony
        /// Whose state this is.
        public let participant: ParticipantIdentifier
        /// What to broadcast.
        public let package: RoundOnePackage
        let coefficients: [SecretScalar]

        /// Draws the polynomial from a durable secret seed of at least 32 bytes: after a crash the same seed gives the
        /// same bytes for the same ceremony, and unrelated ones for any other. Throws
        /// ``ThresholdError/unknownParticipant(_:)``.
        public init(
            ceremony: Ceremony, participant: ParticipantIdentifier, seed: SecretBytes
        ) throws(ThresholdError) {
            var randomness = ceremony.randomness(of: participant, seed: seed, purpose: "polynomial")
            try self.init(ceremony: ceremony, participant: participant, randomness: &randomness)
        }

        /// Draws the polynomial: 64 bytes of `randomness` a coefficient, then 64 for the proof.
        public init(
            ceremony: Ceremony, participant: ParticipantIdentifier, randomness: inout some SecretRandomness
        ) throws(ThresholdError) {
            var coefficients: [SecretScalar] = []
            for _ in 0..<ceremony.threshold { coefficients.append(.random(from: &randomness)) }
            try self.init(
                ceremony: ceremony, participant: participant, coefficients: coefficients,
                proofRandomness: randomness.secret(count: 64))
        }

        package init(
            ceremony: Ceremony, participant: ParticipantIdentifier, coefficients: [SecretScalar],
            proofRandomness: SecretBytes
        ) throws(ThresholdError) {
            guard ceremony.participants.contains(participant) else { throw .unknownParticipant(participant) }
            precondition(coefficients.count == ceremony.threshold, "a polynomial has as many coefficients as t")
            var commitments: [GroupElement] = []
            for coefficient in coefficients {
                commitments.append(
                    try arithmetic { () throws(CryptographyError) in try .baseMultiple(of: coefficient) })
            }
            let proof = try Proof(
                of: coefficients[0], participant: participant, constant: commitments[0], context: ceremony.context,
                randomness: proofRandomness)
            self.ceremony = ceremony
            self.participant = participant
            self.coefficients = coefficients
            package = RoundOnePackage(participant: participant, commitments: commitments, proof: proof)
        }
    }
}

extension KeyGeneration.Ceremony {
    /// Secret bytes that belong to this ceremony, participant and purpose alone: also for the ephemeral keys that
    /// encrypt the shares, so that a participant that comes back repeats its messages.
    public func randomness(
        of participant: ParticipantIdentifier, seed: SecretBytes, purpose: String
    ) -> SeededRandomness {
        var input = [UInt8]("dna/key-generation-randomness/1\n\(purpose)\n\(participant)\n\(threshold)\n".utf8)
        input += [UInt8]("\(participants.map(\.description).joined(separator: ","))\n".utf8)
        return SeededRandomness(seed: seed, context: input + context)
    }
}
