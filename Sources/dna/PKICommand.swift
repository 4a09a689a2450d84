public import ArgumentParser
import DNAProtocol
import Foundation
import NodeState
public import TLS

extension PeerRole: ExpressibleByArgument {}
extension PrivateKey.Algorithm: ExpressibleByArgument {}

/// `dna pki …`.
struct PKICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pki",
        abstract: "Certificates for the links between a network's services.",
        discussion: """
            One authority vouches for all members of a network. Its folder holds authority.pem, which everybody may \
            have, and authority-key.pem, which nobody else may.
            """,
        subcommands: [Initialise.self, Issue.self, Show.self, Renew.self])

    /// `dna pki init`.
    struct Initialise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Make an authority.",
            discussion: "With a passphrase its key is sealed: PKCS#8 under scrypt and AES-256, which openssl reads too."
        )

        @Argument(help: "The authority's folder; made if it is missing.") var folder: String
        @Option(help: "A file with the passphrase to seal the key with, closed to others.") var passphraseFile: String?
        @Option(help: "What the authority is called.") var commonName = "DNA Layer authority"
        @Option(help: "The key's kind: p256 or ed25519.") var algorithm = PrivateKey.Algorithm.p256
        @Option(help: "Days until it ends.") var days = 1825

        func validate() throws {
            guard (1...36_500).contains(days) else { throw ValidationError("--days must be 1 to 36500") }
        }

        func run() async throws {
            let files = AuthorityFolder(path: folder)
            guard !files.exists else { throw ValidationError("\(folder) holds an authority already") }
            let authority = try CertificateAuthority.create(
                commonName: commonName, algorithm: algorithm, lifetime: Int64(days) * 86_400)
            let passphrase = try passphraseFile.map { try AuthorityFolder.passphrase($0) }
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try PEMFile.write(authority.privateKey.pem(passphrase: passphrase), to: files.key, isPrivate: true)
            try PEMFile.write(authority.certificate.pem, to: files.certificate, isPrivate: false)
            Console.output("authority \(CertificateReport.fingerprint(authority.certificate))")
        }
    }
}

/// Where an authority is kept.
struct AuthorityFolder {
    let path: String

    var certificate: String { path + "/authority.pem" }
    var key: String { path + "/authority-key.pem" }
    var exists: Bool { FileManager.default.fileExists(atPath: key) }

    /// Opens it, with the passphrase in a file if its key is sealed.
    func open(passphraseFile: String?) throws -> CertificateAuthority {
        try CertificateAuthority.load(
            certificate: certificate, privateKey: key, passphrase: try passphraseFile.map { try Self.passphrase($0) })
    }

    static func passphrase(_ path: String) throws -> [UInt8] {
        try Passphrase.read(path: path).withUnsafeBytes { [UInt8]($0) }
    }
}

/// Which authority issues.
struct AuthorityArguments: ParsableArguments {
    @Option(help: "The authority's folder.") var authority: String
    @Option(help: "A file with the passphrase of its key, if that is sealed.") var passphraseFile: String?

    func open() throws -> CertificateAuthority {
        try AuthorityFolder(path: authority).open(passphraseFile: passphraseFile)
    }
}
