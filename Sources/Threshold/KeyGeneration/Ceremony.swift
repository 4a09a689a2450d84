import Cryptography

/// Distributed key generation: Pedersen's, with proofs of knowledge of each constant term (the FROST paper, figure 1;
/// RFC 9591 leaves it out). No dealer: the group key's secret exists nowhere.
///
/// What it needs of its carrier: in round one everyone must see the same packages (all sign
/// ``Ceremony/transcript(of:)``); in round two each share reaches its recipient confidentially and authentically. On a
/// complaint the ceremony is aborted and a new one, with a new context, begins.
public enum KeyGeneration {
    /// What all participants have agreed on before.
    public struct Ceremony: Hashable, Sendable {
        /// All participants, ascending.
        public let participants: [ParticipantIdentifier]
        /// How many participants a signature will take.
        public let threshold: Int
        /// Names this ceremony and no other, such as a digest of session id, roster, t and n; bound into every proof.
        /// Empty for the published vectors only.
        public let context: [UInt8]

        /// Throws ``ThresholdError/notStrictlyAscending`` or ``ThresholdError/invalidThreshold(_:participants:)``.
        public init(
            participants: [ParticipantIdentifier], threshold: Int, context: [UInt8]
        ) throws(ThresholdError) {
            try participants.requireStrictlyAscending()
            guard threshold >= 2, threshold <= participants.count else {
                throw .invalidThreshold(threshold, participants: participants.count)
            }
            self.participants = participants
            self.threshold = threshold
            self.context = context
        }
    }

    /// What a participant did wrong.
    public enum Fault: Hashable, Sendable {
        /// The number of commitments is not the threshold.
        case wrongCommitmentCount(Int)
        /// The proof of knowledge of the constant term does not verify.
        case invalidProof
        /// The share that was sent does not lie on the committed polynomial. The complaint is proved by the signed
        /// message that carried it.
        case invalidShare
    }

    /// A fault with its culprit.
    public struct Complaint: Hashable, Sendable {
        /// Who did it.
        public let culprit: ParticipantIdentifier
        /// What it was.
        public let fault: Fault

        /// A complaint, such as a participant's about its share.
        public init(culprit: ParticipantIdentifier, fault: Fault) {
            self.culprit = culprit
            self.fault = fault
        }
    }

    /// The outcome of a round: its result, or everybody who made it impossible.
    public enum Verdict<Result> {
        /// All contributions were right.
        case success(Result)
        /// At least one was not.
        case complaints([Complaint])
    }
}

extension KeyGeneration.Verdict: Sendable where Result: Sendable {}

extension KeyGeneration.Ceremony {
    /// The packages in the order of the participants. Throws ``ThresholdError/unknownParticipant(_:)``,
    /// ``ThresholdError/missingParticipant(_:)``, or ``ThresholdError/notStrictlyAscending`` for two of one participant.
    func sorted(
        _ packages: [KeyGeneration.RoundOnePackage]
    ) throws(ThresholdError) -> [KeyGeneration.RoundOnePackage] {
        let sorted = packages.sorted { $0.participant < $1.participant }
        let senders = sorted.map(\.participant)
        try senders.requireStrictlyAscending()
        if let stranger = senders.first(where: { !participants.contains($0) }) { throw .unknownParticipant(stranger) }
        if let absent = participants.first(where: { !senders.contains($0) }) { throw .missingParticipant(absent) }
        return sorted
    }

    /// The bytes every participant has to see, and sign, alike: `dna/key-generation/1\n` ‖ length of context (UInt32) ‖
    /// context ‖ t ‖ n ‖ for each participant, ascending: number ‖ number of commitments ‖ commitments ‖ proof. Numbers
    /// are UInt16, all big-endian. Throws as ``KeyGeneration/RoundOne/roundTwo(with:)`` does for an incomplete set.
    public func transcript(of packages: [KeyGeneration.RoundOnePackage]) throws(ThresholdError) -> [UInt8] {
        var bytes = [UInt8]("dna/key-generation/1\n".utf8)
        append(UInt32(context.count), to: &bytes)
        bytes += context
        append(UInt16(threshold), to: &bytes)
        append(UInt16(participants.count), to: &bytes)
        for package in try sorted(packages) {
            append(package.participant.number, to: &bytes)
            append(UInt16(clamping: package.commitments.count), to: &bytes)
            bytes += package.commitments.flatMap(\.bytes)
            bytes += package.proof.bytes
        }
        return bytes
    }

    private func append(_ number: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
