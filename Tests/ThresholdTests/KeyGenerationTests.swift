import Cryptography
import Testing
import Threshold

private struct Vectors: Decodable {
    struct Participant: Decodable {
        let identifier: Int
        let signing_key: String
        let coefficient: String
        let vss_commitments: [String]
        let proof_of_knowledge: String
        let signing_shares: [String: String]
        let verifying_share: String
        let signing_share: String

        func package() throws -> KeyGeneration.RoundOnePackage {
            KeyGeneration.RoundOnePackage(
                participant: id(identifier),
                commitments: try vss_commitments.map { try #require(GroupElement(hex: $0)) },
                proof: try #require(KeyGeneration.Proof(hex: proof_of_knowledge)))
        }
    }
    struct Inputs: Decodable {
        let verifying_key: String
        let one: Participant
        let two: Participant
        let three: Participant

        enum CodingKeys: String, CodingKey {
            case verifying_key
            case one = "1"
            case two = "2"
            case three = "3"
        }

        var participants: [Participant] { [one, two, three] }
    }
    let inputs: Inputs
}

@Suite struct KeyGenerationTests {
    private let ceremony: KeyGeneration.Ceremony

    init() throws {
        ceremony = try KeyGeneration.Ceremony(participants: (1...4).map(id), threshold: 3, context: [1, 2, 3])
    }

    @Test func reproducesThePublishedVectors() throws {
        let inputs = try vectors("key-generation", as: Vectors.self).inputs
        let ceremony = try KeyGeneration.Ceremony(participants: (1...3).map(id), threshold: 2, context: [])
        let packages = try inputs.participants.map { try $0.package() }
        for package in packages { #expect(package.fault(in: ceremony) == nil) }

        for participant in inputs.participants {
            let first = try KeyGeneration.RoundOne(
                ceremony: ceremony, participant: id(participant.identifier),
                coefficients: [
                    SecretScalar(secret(participant.signing_key)), SecretScalar(secret(participant.coefficient)),
                ], proofRandomness: SystemRandom.secret(count: 64))
            #expect(first.package.commitments.map(\.hex) == participant.vss_commitments)
            // The proof has a nonce of its own; the rest of the packages is the vectors'.
            let own = packages.map { $0.participant == first.participant ? first.package : $0 }
            let second = try success(first.roundTwo(with: own))
            var received: [ParticipantIdentifier: SecretBytes] = [:]
            // signing_shares[j] of participant i is f_j(i): what i receives from j.
            for other in inputs.participants where other.identifier != participant.identifier {
                received[id(other.identifier)] = try secret(
                    #require(participant.signing_shares["\(other.identifier)"]))
                #expect(
                    bytes(try second.share(for: id(other.identifier)))
                        == (try hex(#require(other.signing_shares["\(participant.identifier)"]))))
            }
            let share = try success(second.finish(receivedShares: received))
            #expect(bytes(share.secretBytes) == (try hex(participant.signing_share)))
            #expect(share.publicKeys.groupKey.hex == inputs.verifying_key)
            for other in inputs.participants {
                #expect(share.publicKeys.verifyingShares[id(other.identifier)]?.hex == other.verifying_share)
            }
        }
    }

    @Test func everybodyGetsTheSameKeysAndTheyAreConsistent() throws {
        let group = try Group(threshold: 3, count: 4)
        let keys = group.publicKeys
        for share in group.shares { #expect(share.publicKeys == keys) }
        #expect(
            try PublicKeyPackage(groupKey: keys.groupKey, threshold: 3, verifyingShares: keys.verifyingShares) == keys)
    }

    @Test func theSameSeedRepeatsTheCeremonyAndNoOther() throws {
        let seed = SystemRandom.secret(count: 32)
        func begin(_ ceremony: KeyGeneration.Ceremony, _ number: Int = 1) throws -> KeyGeneration.RoundOne {
            try KeyGeneration.RoundOne(ceremony: ceremony, participant: id(number), seed: seed)
        }
        let first = try begin(ceremony)
        #expect(try begin(ceremony).package == first.package)
        #expect(first.package.fault(in: ceremony) == nil)
        let others = [
            try begin(ceremony, 2),
            try begin(.init(participants: ceremony.participants, threshold: 3, context: [1, 2, 4])),
            try begin(.init(participants: ceremony.participants, threshold: 2, context: [1, 2, 3])),
            try begin(.init(participants: (1...5).map(id), threshold: 3, context: [1, 2, 3])),
        ]
        for other in others {
            #expect(Set(other.package.commitments).isDisjoint(with: first.package.commitments))
        }
    }

    @Test func namesWhoDoesNotKnowItsConstant() throws {
        let states = try Group.begin(ceremony)
        var packages = states.map(\.package)
        packages[2] = KeyGeneration.RoundOnePackage(
            participant: id(3), commitments: packages[2].commitments, proof: packages[1].proof)
        let verdict = try states[0].roundTwo(with: packages)
        #expect(try complaints(verdict) == [KeyGeneration.Complaint(culprit: id(3), fault: .invalidProof)])
    }

    @Test func refusesAPackageThatClaimsAnothersPlace() throws {
        let package = try Group.begin(ceremony)[2].package
        let moved = KeyGeneration.RoundOnePackage(
            participant: id(2), commitments: package.commitments, proof: package.proof)
        #expect(moved.fault(in: ceremony) == .invalidProof)
    }

    @Test func refusesAProofOfAnotherCeremony() throws {
        let other = try KeyGeneration.Ceremony(participants: (1...4).map(id), threshold: 3, context: [1, 2, 4])
        #expect(try Group.begin(other)[0].package.fault(in: ceremony) == .invalidProof)
    }

    @Test(arguments: [2, 4])
    func refusesAnotherDegree(count: Int) throws {
        let states = try Group.begin(ceremony)
        var packages = states.map(\.package)
        let commitments = Array((packages[1].commitments + packages[0].commitments).prefix(count))
        packages[1] = KeyGeneration.RoundOnePackage(
            participant: id(2), commitments: commitments, proof: packages[1].proof)
        let verdict = try states[0].roundTwo(with: packages)
        let expected = KeyGeneration.Complaint(culprit: id(2), fault: .wrongCommitmentCount(count))
        #expect(try complaints(verdict) == [expected])
    }

    @Test func namesWhoSentAShareOffItsPolynomial() throws {
        let states = try Group.begin(ceremony)
        let seconds = try states.map { try success($0.roundTwo(with: states.map(\.package))) }
        var received = try Group.exchange(seconds, to: id(1))
        received[id(2)] = try seconds[1].share(for: id(3))
        received[id(4)] = SecretBytes(count: 32) { $0[31] = 0xFF }
        let verdict = try seconds[0].finish(receivedShares: received)
        #expect(
            try complaints(verdict) == [
                KeyGeneration.Complaint(culprit: id(2), fault: .invalidShare),
                KeyGeneration.Complaint(culprit: id(4), fault: .invalidShare),
            ])
        #expect(try !states[1].package.isValid(share: seconds[1].share(for: id(3)), for: id(1)))
        #expect(try states[1].package.isValid(share: seconds[1].share(for: id(1)), for: id(1)))
    }

    @Test func needsEveryoneOnce() throws {
        let states = try Group.begin(ceremony)
        let packages = states.map(\.package)
        #expect(throws: ThresholdError.missingParticipant(id(4))) {
            try states[0].roundTwo(with: Array(packages.dropLast()))
        }
        #expect(throws: ThresholdError.notStrictlyAscending) {
            try states[0].roundTwo(with: packages + [packages[1]])
        }
        #expect(throws: ThresholdError.foreignCommitment) {
            try states[0].roundTwo(with: Group.begin(ceremony).map(\.package))
        }
        let seconds = try states.map { try success($0.roundTwo(with: packages)) }
        var received = try Group.exchange(seconds, to: id(1))
        received[id(3)] = nil
        #expect(throws: ThresholdError.missingParticipant(id(3))) {
            try seconds[0].finish(receivedShares: received)
        }
    }

    @Test func theTranscriptCoversEveryByte() throws {
        let states = try Group.begin(ceremony)
        let packages = states.map(\.package)
        let transcript = try ceremony.transcript(of: packages)
        #expect(try ceremony.transcript(of: packages.reversed()) == transcript)
        #expect(transcript.count == 21 + 4 + 3 + 2 + 2 + 4 * (2 + 2 + 3 * 32 + 64))
        var others = packages
        others[3] = KeyGeneration.RoundOnePackage(
            participant: id(4), commitments: packages[3].commitments, proof: packages[0].proof)
        #expect(try ceremony.transcript(of: others) != transcript)
        let other = try KeyGeneration.Ceremony(participants: (1...4).map(id), threshold: 3, context: [1, 2])
        #expect(try other.transcript(of: packages) != transcript)
    }

    @Test func refusesImpossibleCeremonies() {
        func make(_ numbers: [Int], _ threshold: Int) throws -> KeyGeneration.Ceremony {
            try KeyGeneration.Ceremony(participants: numbers.map(id), threshold: threshold, context: [])
        }
        #expect(throws: ThresholdError.notStrictlyAscending) { try make([1, 1, 2], 2) }
        #expect(throws: ThresholdError.notStrictlyAscending) { try make([2, 1], 2) }
        #expect(throws: ThresholdError.invalidThreshold(1, participants: 2)) { try make([1, 2], 1) }
        #expect(throws: ThresholdError.invalidThreshold(3, participants: 2)) { try make([1, 2], 3) }
        #expect(ParticipantIdentifier(0) == nil)
        #expect(ParticipantIdentifier(65_536) == nil)
    }

    private func scalar(_ value: Scalar) throws -> SecretScalar {
        var bytes = value.bytes
        return try SecretScalar(SecretBytes(taking: &bytes))
    }

    @Test func colludersWhosePolynomialsCancelOutDoNotStopTheCeremony() throws {
        let numbers: [UInt16] = [2, 3, 5]
        var firsts = try Group.begin(ceremony)
        for (index, coefficients) in [numbers.map { Scalar($0) }, numbers.map { Scalar.zero - Scalar($0) }].enumerated()
        {
            firsts[index] = try KeyGeneration.RoundOne(
                ceremony: ceremony, participant: id(index + 1), coefficients: coefficients.map(scalar),
                proofRandomness: SystemRandom.secret(count: 64))
        }
        let seconds = try firsts.map { try success($0.roundTwo(with: firsts.map(\.package))) }
        let shares = try seconds.map {
            try success($0.finish(receivedShares: Group.exchange(seconds, to: $0.participant)))
        }
        let rest = try firsts[2].package.commitments[0] + firsts[3].package.commitments[0]
        #expect(shares.allSatisfy { $0.publicKeys == shares[0].publicKeys })
        #expect(shares[0].publicKeys.groupKey == rest.verificationKey)
    }

    @Test func aLastMoverThatNegatesWhatItSawIsNamed() throws {
        func negated(_ element: GroupElement) throws -> GroupElement {
            var bytes = element.bytes
            bytes[31] ^= 0x80
            return try #require(GroupElement(bytes: bytes))
        }
        let firsts = try Group.begin(ceremony)
        let seconds = try firsts.map { try success($0.roundTwo(with: firsts.map(\.package))) }
        let (seen, own) = (firsts[0].package.commitments, firsts[3].package)
        // The constant term: it cannot prove that it knows it. The rest: it cannot give shares of it.
        for (commitments, fault) in [
            ([try negated(seen[0])] + own.commitments.dropFirst(), KeyGeneration.Fault.invalidProof),
            ([own.commitments[0]] + (try seen.dropFirst().map(negated)), .invalidShare),
        ] {
            let last = KeyGeneration.RoundOnePackage(participant: id(4), commitments: commitments, proof: own.proof)
            let verdict = try firsts[1].roundTwo(with: firsts.dropLast().map(\.package) + [last])
            let found =
                if case .success(let second) = verdict {
                    try complaints(second.finish(receivedShares: Group.exchange(seconds, to: id(2))))
                } else {
                    try complaints(verdict)
                }
            #expect(found == [KeyGeneration.Complaint(culprit: id(4), fault: fault)])
        }
    }
}
