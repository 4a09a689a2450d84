public import Cryptography

extension KeyGeneration.RoundTwo {
    /// Checks the shares that the others sent, decrypted, and adds them up. The result is *pending* until all have
    /// confirmed theirs and a test signature has verified. Throws ``ThresholdError/missingParticipant(_:)`` or
    /// ``ThresholdError/unknownParticipant(_:)`` when there is not exactly one share of each other participant.
    public func finish(
        receivedShares: [ParticipantIdentifier: SecretBytes]
    ) throws(ThresholdError) -> KeyGeneration.Verdict<KeyShare> {
        if let stranger = receivedShares.keys.sorted().first(where: {
            !ceremony.participants.contains($0) || $0 == participant
        }) {
            throw .unknownParticipant(stranger)
        }
        var sum = Polynomial.evaluate(coefficients, at: participant)
        var complaints: [KeyGeneration.Complaint] = []
        for package in packages where package.participant != participant {
            guard let bytes = receivedShares[package.participant] else {
                throw .missingParticipant(package.participant)
            }
            if let share = package.verifiedShare(bytes, for: participant) {
                sum = sum + share
            } else {
                complaints.append(KeyGeneration.Complaint(culprit: package.participant, fault: .invalidShare))
            }
        }
        guard complaints.isEmpty else { return .complaints(complaints) }
        let keys = try ceremony.publicKeys(from: packages)
        return .success(try KeyShare(participant: participant, secret: sum, publicKeys: keys))
    }
}

extension KeyGeneration.RoundOnePackage {
    /// Whether f_j(i)·B = Σ i^k·φ_jk. For a recipient, and for whoever judges its complaint. A share of zero, and
    /// commitments that cancel out on the way, have negligible probability unless chosen; they are refused too.
    public func isValid(share: SecretBytes, for recipient: ParticipantIdentifier) -> Bool {
        verifiedShare(share, for: recipient) != nil
    }

    func verifiedShare(_ bytes: SecretBytes, for recipient: ParticipantIdentifier) -> SecretScalar? {
        guard !commitments.isEmpty, let share = try? SecretScalar(bytes),
            let left = try? GroupElement.baseMultiple(of: share),
            let right = try? Polynomial.evaluate(commitments, at: recipient), left == right
        else { return nil }
        return share
    }
}

extension KeyGeneration.Ceremony {
    /// The public keys that follow from everyone's packages: the group key Σ φ_j0 and Y_i = Σ_k i^k·Σ_j φ_jk. Anyone can
    /// compute them. The packages' proofs were checked before; here only their set is. Throws
    /// ``ThresholdError/missingParticipant(_:)``, ``ThresholdError/unknownParticipant(_:)``,
    /// ``ThresholdError/notStrictlyAscending``, ``ThresholdError/inconsistentKeys`` for a wrong number of commitments, or
    /// ``ThresholdError/identityElement``.
    public func publicKeys(from packages: [KeyGeneration.RoundOnePackage]) throws(ThresholdError) -> PublicKeyPackage {
        let sorted = try sorted(packages)
        guard sorted.allSatisfy({ $0.commitments.count == threshold }) else { throw .inconsistentKeys }
        var joint: [GroupElement] = []
        for index in 0..<threshold {
            guard let sum = Self.sum(of: sorted.map { $0.commitments[index] }) else { throw .identityElement }
            joint.append(sum)
        }
        var verifyingShares: [ParticipantIdentifier: GroupElement] = [:]
        for participant in participants {
            verifyingShares[participant] = try Polynomial.evaluate(joint, at: participant)
        }
        return PublicKeyPackage(
            trustedGroupKey: joint[0].verificationKey, threshold: threshold, verifyingShares: verifyingShares)
    }

    /// nil for the identity. On the way it may come up: participants that collude can make theirs cancel out, and must not
    /// end the ceremony by it, since nobody could be named. All together cannot: each has proved that it knows its
    /// constant term and, by the shares it gave, its polynomial, and one of them is honest.
    private static func sum(of elements: [GroupElement]) -> GroupElement? {
        elements.reduce(nil) { sum, element in
            guard let sum else { return element }
            return try? sum + element
        }
    }
}
