public import Cryptography

/// A key that pays for storage and signs for it.
public final class Wallet: Sendable {
    /// What the network's own wallets have.
    public static let bits = 4_096

    private let key: RSAPSS.SigningKey

    /// The wallet of a key.
    public init(_ key: RSAPSS.SigningKey) {
        self.key = key
    }

    /// Its modulus is what a transaction calls its owner.
    public var publicKey: RSAPSS.PublicKey { key.publicKey }

    /// Where money for it is sent.
    public var address: WalletAddress { WalletAddress(owner: publicKey.modulus) }

    /// Signs what a transaction's fields hash to.
    func sign(_ message: [UInt8]) -> [UInt8] { key.sign(message) }

    /// Reads a wallet: a JSON Web Key (RFC 7517) with a private RSA key. Throws ``ArweaveError/malformedWallet(reason:)``.
    public convenience init(jwk: SecretBytes) throws(ArweaveError) {
        let members = try JWKReader.members(of: jwk)
        func number(_ name: String) throws(ArweaveError) -> SecretBytes {
            guard let number = members[name] else { throw .malformedWallet(reason: "it has no \(name)") }
            return number
        }
        do {
            self.init(
                try RSAPSS.SigningKey(
                    RSAPSS.PrivateNumbers(
                        modulus: number("n"), publicExponent: number("e"), privateExponent: number("d"),
                        firstPrime: number("p"), secondPrime: number("q"), firstExponent: number("dp"),
                        secondExponent: number("dq"), coefficient: number("qi"))))
        } catch let error as ArweaveError {
            throw error
        } catch {
            throw .malformedWallet(reason: "\(error)")
        }
    }

    /// The wallet as a JSON Web Key.
    public func jwk() throws(CryptographyError) -> SecretBytes {
        let numbers = try key.numbers()
        return JWKWriter.text([
            ("n", numbers.modulus), ("e", numbers.publicExponent), ("d", numbers.privateExponent),
            ("p", numbers.firstPrime), ("q", numbers.secondPrime), ("dp", numbers.firstExponent),
            ("dq", numbers.secondExponent), ("qi", numbers.coefficient),
        ])
    }
}
