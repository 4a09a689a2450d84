import Cryptography
import Foundation
import Testing
import Threshold

@Suite struct SigningTests {
    private let group: Group
    private let message = [UInt8]("a decision".utf8)

    init() throws {
        group = try Group(threshold: 3, count: 4)
    }

    private func package(_ nonces: [SigningNonces]) throws -> SigningPackage {
        try SigningPackage(message: message, commitments: nonces.map(\.commitment), publicKeys: group.publicKeys)
    }

    private func sign(_ package: SigningPackage, _ nonces: [SigningNonces]) throws -> [SignatureShare] {
        try nonces.map {
            try package.sign(with: group.shares[Int($0.commitment.participant.number) - 1], nonces: $0)
        }
    }

    private func altered(_ share: SignatureShare) -> SignatureShare {
        SignatureShare(participant: share.participant, share: share.share + .one)
    }

    @Test(arguments: [[1, 2, 3], [1, 2, 4], [1, 3, 4], [2, 3, 4], [1, 2, 3, 4]])
    func anySubsetOfTheThresholdMakesAPlainSignature(members: [Int]) throws {
        let nonces = try group.nonces(members)
        let package = try package(nonces)
        guard case .signature(let signature) = try package.aggregate(try sign(package, nonces).reversed()) else {
            Issue.record("no signature")
            return
        }
        #expect(group.publicKeys.groupKey.verifies(signature, of: message))
        #expect(!group.publicKeys.groupKey.verifies(signature, of: message + [0]))
    }

    @Test(arguments: [[2], [1, 4], [1, 2, 4]])
    func namesExactlyTheCulprits(culprits: [Int]) throws {
        let nonces = try group.nonces([1, 2, 4])
        let package = try package(nonces)
        let shares = try sign(package, nonces).map {
            culprits.contains(Int($0.participant.number)) ? altered($0) : $0
        }
        #expect(try package.aggregate(shares) == .culprits(culprits.map(id)))
    }

    @Test func aShareOfZeroIsACulprit() throws {
        let nonces = try group.nonces([1, 2, 3])
        let package = try package(nonces)
        var shares = try sign(package, nonces)
        shares[0] = SignatureShare(participant: id(1), share: .zero)
        #expect(try package.aggregate(shares) == .culprits([id(1)]))
    }

    @Test func noncesSignOnce() throws {
        let nonces = try group.nonces([1, 2, 3])
        let package = try package(nonces)
        _ = try package.sign(with: group.shares[0], nonces: nonces[0])
        #expect(throws: ThresholdError.noncesSpent) { try package.sign(with: group.shares[0], nonces: nonces[0]) }
        nonces[1].erase()
        #expect(throws: ThresholdError.noncesSpent) { try package.sign(with: group.shares[1], nonces: nonces[1]) }
    }

    @Test func concurrentSignersGetOneShareOutOfOnePairOfNonces() async throws {
        let nonces = try group.nonces([1, 2, 3])
        let package = try package(nonces)
        let share = group.shares[0]
        let first = nonces[0]
        let successes = await withTaskGroup(of: Int.self) { tasks in
            for _ in 0..<16 {
                tasks.addTask { (try? package.sign(with: share, nonces: first)) == nil ? 0 : 1 }
            }
            return await tasks.reduce(0, +)
        }
        #expect(successes == 1)
    }

    @Test func aForeignListLeavesTheNoncesAlone() throws {
        let nonces = try group.nonces([1, 2, 3])
        let others = try group.nonces([1, 2, 3])
        #expect(throws: ThresholdError.foreignCommitment) {
            try package(others).sign(with: group.shares[0], nonces: nonces[0])
        }
        #expect(throws: ThresholdError.foreignCommitment) {
            try package(nonces).sign(with: group.shares[1], nonces: nonces[0])
        }
        let stranger = try Group(threshold: 3, count: 4)
        #expect(throws: ThresholdError.foreignShare) {
            try package(nonces).sign(with: stranger.shares[0], nonces: nonces[0])
        }
        _ = try package(nonces).sign(with: group.shares[0], nonces: nonces[0])
    }

    @Test func refusesListsThatAreNotInOrder() throws {
        let list = try group.nonces([1, 2, 3]).map(\.commitment)
        func make(_ commitments: [NonceCommitment]) throws -> SigningPackage {
            try SigningPackage(message: message, commitments: commitments, publicKeys: group.publicKeys)
        }
        #expect(throws: ThresholdError.notStrictlyAscending) { try make([list[1], list[0], list[2]]) }
        #expect(throws: ThresholdError.notStrictlyAscending) { try make([list[0], list[0], list[1], list[2]]) }
        #expect(throws: ThresholdError.belowThreshold(2, threshold: 3)) { try make([list[0], list[1]]) }
        let foreign = NonceCommitment(participant: id(9), hiding: list[0].hiding, binding: list[0].binding)
        #expect(throws: ThresholdError.unknownParticipant(id(9))) { try make(list + [foreign]) }
    }

    @Test func aggregatesOneShareOfEachParticipantOnly() throws {
        let nonces = try group.nonces([1, 2, 3])
        let package = try package(nonces)
        let shares = try sign(package, nonces)
        #expect(throws: ThresholdError.missingParticipant(id(2))) { try package.aggregate([shares[0], shares[2]]) }
        #expect(throws: ThresholdError.missingParticipant(id(3))) { try package.aggregate([shares[0], shares[1]]) }
        #expect(throws: ThresholdError.notStrictlyAscending) { try package.aggregate(shares + [shares[0]]) }
        let foreign = SignatureShare(participant: id(4), share: .one)
        #expect(throws: ThresholdError.unknownParticipant(id(4))) { try package.aggregate(shares + [foreign]) }
    }

    @Test func publicKeysSurviveJSONAndAreChecked() throws {
        let keys = group.publicKeys
        let json = try JSONEncoder().encode(keys)
        #expect(try JSONDecoder().decode(PublicKeyPackage.self, from: json) == keys)

        var shares = keys.verifyingShares
        shares[id(4)] = shares[id(3)]
        #expect(throws: ThresholdError.inconsistentKeys) {
            try PublicKeyPackage(groupKey: keys.groupKey, threshold: 3, verifyingShares: shares)
        }
        #expect(throws: ThresholdError.inconsistentKeys) {
            try PublicKeyPackage(
                groupKey: Ed25519.SigningKey().publicKey, threshold: 3, verifyingShares: keys.verifyingShares)
        }
        #expect(throws: ThresholdError.inconsistentKeys) {
            try PublicKeyPackage(groupKey: keys.groupKey, threshold: 2, verifyingShares: keys.verifyingShares)
        }
        #expect(throws: ThresholdError.invalidThreshold(5, participants: 4)) {
            try PublicKeyPackage(groupKey: keys.groupKey, threshold: 5, verifyingShares: keys.verifyingShares)
        }
    }

    @Test func aStoredShareMustBelongToItsParticipant() throws {
        let share = group.shares[0]
        let restored = try KeyShare(participant: id(1), secretBytes: share.secretBytes, publicKeys: share.publicKeys)
        #expect(restored.secretBytes == share.secretBytes)
        #expect(throws: ThresholdError.foreignShare) {
            try KeyShare(participant: id(2), secretBytes: share.secretBytes, publicKeys: share.publicKeys)
        }
        #expect(throws: ThresholdError.unknownParticipant(id(5))) {
            try KeyShare(participant: id(5), secretBytes: share.secretBytes, publicKeys: share.publicKeys)
        }
    }

    @Test func descriptionsHoldNoSecrets() throws {
        let share = group.shares[0]
        let hexadecimal = Hexadecimal.encode(bytes(share.secretBytes))
        var dumped = ""
        dump(share, to: &dumped)
        dumped += "\(share) \(String(reflecting: share)) \(share.secretBytes)"
        #expect(!dumped.contains(hexadecimal))
        #expect(!dumped.contains(bytes(share.secretBytes).description))
    }
}
