public import Cryptography
import Synchronization

/// One participant's secret nonces for one signature. They live in memory only, and whoever signs with them takes them
/// out: a second use throws ``ThresholdError/noncesSpent``. Two shares from one pair of nonces give the key away.
public final class SigningNonces: Sendable {
    /// What to publish.
    public let commitment: NonceCommitment
    private let secrets: Mutex<Secrets?>

    struct Secrets: Sendable {
        let hiding: SecretScalar
        let binding: SecretScalar
    }

    /// Round one: fresh nonces, hedged with the key share against a weak generator (RFC 9591, 4.1 and 5.1). Takes two
    /// times 32 bytes of `randomness`. Throws ``ThresholdError/identityElement`` with negligible probability.
    public static func generate(
        for share: KeyShare, randomness: inout some SecretRandomness
    ) throws(ThresholdError) -> SigningNonces {
        try SigningNonces(
            participant: share.participant,
            hiding: Suite.h3(randomness: randomness.secret(count: 32), secret: share.secretBytes),
            binding: Suite.h3(randomness: randomness.secret(count: 32), secret: share.secretBytes))
    }

    private init(
        participant: ParticipantIdentifier, hiding: SecretScalar, binding: SecretScalar
    ) throws(ThresholdError) {
        commitment = try arithmetic { () throws(CryptographyError) in
            NonceCommitment(
                participant: participant, hiding: try .baseMultiple(of: hiding), binding: try .baseMultiple(of: binding)
            )
        }
        secrets = Mutex(Secrets(hiding: hiding, binding: binding))
    }

    /// Forgets the nonces, so that nobody can sign with them any more.
    public func erase() {
        secrets.withLock { $0 = nil }
    }

    /// Takes the nonces out; there is no way to put them back.
    func take() throws(ThresholdError) -> Secrets {
        let taken = secrets.withLock { secrets in
            let taken = secrets
            secrets = nil
            return taken
        }
        guard let taken else { throw .noncesSpent }
        return taken
    }
}
