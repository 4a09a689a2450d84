import Canonical
public import Cryptography
import Glibc

/// A secret key on disk, sealed with a passphrase; what it is for and its public key are bound to it.
public enum KeyFile {
    /// What a key is for.
    public enum Kind: String, Codable, Sendable {
        /// Signs rosters.
        case administrator
        /// Signs a constructor's model packages.
        case author
        /// Signs an operator's invitations.
        case `operator`
        /// Signs a worker's commitments and votes.
        case node
        /// Signs a signer's key-generation messages.
        case signerIdentity = "signer-identity"
        /// Receives a signer's key-generation shares.
        case signerEncryption = "signer-encryption"
    }

    private struct Description: Codable {
        var kind: Kind
        var publicKey: String

        enum CodingKeys: String, CodingKey {
            case kind
            case publicKey = "public_key"
        }
    }

    /// Makes a signing key and writes it. A file that is there is replaced only where that is asked for.
    public static func createSigningKey(
        _ kind: Kind, path: String, passphrase: SecretBytes, replacing: Bool = false
    ) throws -> Ed25519.SigningKey {
        let key = Ed25519.SigningKey()
        try write(key.seed, Description(kind: kind, publicKey: key.publicKey.hex), path, passphrase, replacing)
        return key
    }

    /// Makes an encryption key and writes it. A file that is there is replaced only where that is asked for.
    public static func createEncryptionKey(
        path: String, passphrase: SecretBytes, replacing: Bool = false
    ) throws -> X25519.SecretKey {
        let key = X25519.SecretKey()
        let description = Description(kind: .signerEncryption, publicKey: key.publicKey.hex)
        try write(key.bytes, description, path, passphrase, replacing)
        return key
    }

    /// Reads a signing key of this kind.
    public static func signingKey(_ kind: Kind, path: String, passphrase: SecretBytes) throws -> Ed25519.SigningKey {
        let (secret, description) = try read(kind, path, passphrase)
        let key = try Ed25519.SigningKey(seed: secret)
        guard key.publicKey.hex == description.publicKey else { throw StateError.damaged(path) }
        return key
    }

    /// Reads an encryption key.
    public static func encryptionKey(path: String, passphrase: SecretBytes) throws -> X25519.SecretKey {
        let (secret, description) = try read(.signerEncryption, path, passphrase)
        let key = try X25519.SecretKey(bytes: secret)
        guard key.publicKey.hex == description.publicKey else { throw StateError.damaged(path) }
        return key
    }

    private static func write(
        _ secret: SecretBytes, _ description: Description, _ path: String, _ passphrase: SecretBytes, _ replacing: Bool
    ) throws {
        let file = SealedFile(metadata: try CanonicalJSON.encode(description), secret: secret)
        do {
            try file.write(to: path, passphrase: passphrase, cost: .interactive, replacing: replacing)
        } catch .system(_, path, EEXIST) {
            throw StateError.cannotWrite(path, EEXIST)
        }
    }

    private static func read(
        _ kind: Kind, _ path: String, _ passphrase: SecretBytes
    ) throws -> (SecretBytes, Description) {
        let file: SealedFile
        do {
            file = try SealedFile.read(from: path, passphrase: passphrase)
        } catch .authenticationFailed {
            throw StateError.cannotOpen(path)
        }
        let description = try CanonicalJSON.decode(Description.self, from: file.metadata)
        guard description.kind == kind else { throw StateError.wrongKind(path, expected: kind.rawValue) }
        return (file.secret, description)
    }
}
