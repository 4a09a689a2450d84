import Cryptography
import Foundation
import Testing
import Threshold

/// Loads a vector file; its first member is the provenance.
func vectors<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    let url = try #require(Bundle.module.url(forResource: "Vectors/\(name)", withExtension: "json"))
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

func hex(_ text: String) throws -> [UInt8] { try #require(Hexadecimal.decode(text)) }

func secret(_ text: String) throws -> SecretBytes {
    var bytes = try hex(text)
    return SecretBytes(taking: &bytes)
}

func id(_ number: Int) -> ParticipantIdentifier { ParticipantIdentifier(number)! }

func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withUnsafeBytes { [UInt8]($0) } }

/// Hands out prepared bytes, in order.
struct ScriptedRandomness: SecretRandomness {
    var script: [SecretBytes]

    mutating func secret(count: Int) -> SecretBytes {
        let next = script.removeFirst()
        precondition(next.count == count, "the script has other sizes")
        return next
    }
}

/// A whole key generation in one process.
struct Group {
    let ceremony: KeyGeneration.Ceremony
    let shares: [KeyShare]
    var publicKeys: PublicKeyPackage { shares[0].publicKeys }

    init(threshold: Int, count: Int) throws {
        ceremony = try KeyGeneration.Ceremony(
            participants: (1...count).map(id), threshold: threshold, context: [UInt8]("test".utf8))
        let firsts = try Group.begin(ceremony)
        let seconds = try firsts.map { try success($0.roundTwo(with: firsts.map(\.package))) }
        shares = try seconds.map { try success($0.finish(receivedShares: Group.exchange(seconds, to: $0.participant))) }
    }

    static func begin(_ ceremony: KeyGeneration.Ceremony) throws -> [KeyGeneration.RoundOne] {
        var randomness = SystemRandomness()
        return try ceremony.participants.map {
            try KeyGeneration.RoundOne(ceremony: ceremony, participant: $0, randomness: &randomness)
        }
    }

    static func exchange(
        _ states: [KeyGeneration.RoundTwo], to recipient: ParticipantIdentifier
    ) throws -> [ParticipantIdentifier: SecretBytes] {
        var received: [ParticipantIdentifier: SecretBytes] = [:]
        for state in states where state.participant != recipient {
            received[state.participant] = try state.share(for: recipient)
        }
        return received
    }

    func nonces(_ members: [Int]) throws -> [SigningNonces] {
        var randomness = SystemRandomness()
        return try members.map { try SigningNonces.generate(for: shares[$0 - 1], randomness: &randomness) }
    }
}

func success<T>(_ verdict: KeyGeneration.Verdict<T>) throws -> T {
    guard case .success(let result) = verdict else { throw UnexpectedVerdict(description: "\(verdict)") }
    return result
}

func complaints<T>(_ verdict: KeyGeneration.Verdict<T>) throws -> [KeyGeneration.Complaint] {
    guard case .complaints(let complaints) = verdict else { throw UnexpectedVerdict(description: "success") }
    return complaints
}

struct UnexpectedVerdict: Error, CustomStringConvertible {
    let description: String
}
