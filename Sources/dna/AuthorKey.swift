import ArgumentParser
import Cryptography
import Foundation
import NodeState

/// The key with which a constructor signs packages.
enum AuthorKey {
    static func passphrase(_ option: String?) throws -> SecretBytes {
        guard let path = option ?? ProcessInfo.processInfo.environment["DNA_PASSPHRASE_FILE"] else {
            throw ValidationError("--passphrase-file or DNA_PASSPHRASE_FILE is required")
        }
        return try Passphrase.read(path: path)
    }

    static func read(_ path: String, passphraseFile: String?) throws -> Ed25519.SigningKey {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("there is no \(path): `dna keys author` makes one")
        }
        return try KeyFile.signingKey(.author, path: path, passphrase: try passphrase(passphraseFile))
    }
}
