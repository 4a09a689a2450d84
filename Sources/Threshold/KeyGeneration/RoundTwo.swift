public import Cryptography

extension KeyGeneration {
    /// A participant that has accepted everyone's round-one package.
    public struct RoundTwo: Sendable {
        /// What was agreed on.
        public let ceremony: Ceremony
        /// Whose state this is.
        public let participant: ParticipantIdentifier
        /// Everyone's packages, ascending; the transcript is made of them.
        public let packages: [RoundOnePackage]
        let coefficients: [SecretScalar]

        /// f_i(j): 32 secret bytes, to be encrypted to `recipient` and sent to nobody else. Throws
        /// ``ThresholdError/unknownParticipant(_:)``.
        public func share(for recipient: ParticipantIdentifier) throws(ThresholdError) -> SecretBytes {
            guard ceremony.participants.contains(recipient) else { throw .unknownParticipant(recipient) }
            return Polynomial.evaluate(coefficients, at: recipient).bytes
        }

        /// Everyone's transcript, see ``Ceremony/transcript(of:)``.
        public func transcript() throws(ThresholdError) -> [UInt8] {
            try ceremony.transcript(of: packages)
        }
    }
}

extension KeyGeneration.RoundOne {
    /// Checks everyone's packages, this participant's own among them. Throws for an incomplete or foreign set:
    /// ``ThresholdError/missingParticipant(_:)``, ``ThresholdError/unknownParticipant(_:)``,
    /// ``ThresholdError/notStrictlyAscending``, or ``ThresholdError/foreignCommitment`` when its own package is not the
    /// one it sent.
    public func roundTwo(
        with packages: [KeyGeneration.RoundOnePackage]
    ) throws(ThresholdError) -> KeyGeneration.Verdict<KeyGeneration.RoundTwo> {
        let sorted = try ceremony.sorted(packages)
        guard sorted.contains(package) else { throw .foreignCommitment }
        let complaints = sorted.compactMap { package in
            package.fault(in: ceremony).map { KeyGeneration.Complaint(culprit: package.participant, fault: $0) }
        }
        guard complaints.isEmpty else { return .complaints(complaints) }
        return .success(
            KeyGeneration.RoundTwo(
                ceremony: ceremony, participant: participant, packages: sorted, coefficients: coefficients))
    }
}
