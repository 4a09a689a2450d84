import ArgumentParser
import Canonical
import Cryptography
import DNAProtocol
import Foundation
import NodeState
import TLS

extension PKICommand {
    /// `dna pki issue`.
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue",
            abstract: "Make a key and a certificate for it.",
            discussion: """
                Writes certificate.pem and private-key.pem to the output folder. A worker's certificate is over its \
                node key: --node-key takes that, and no private key is written. Without --role the certificate speaks \
                for nobody in the network: a database's, or a client's of one.
                """)

        @OptionGroup var issuer: AuthorityArguments
        @Option(help: "The folder to write to; made if it is missing.") var output: String
        @Option(help: "gateway, aggregator, worker, signer, administrator or monitor.") var role: PeerRole?
        @Option(help: "Which one: a signer's identifier, a worker's node key, any name otherwise.") var name: String?
        @Option(help: "The network: its genesis file, or its id.") var network: String?
        @Option(help: "A DNS name it answers under; may be repeated.") var dns: [String] = []
        @Option(help: "An IP address it answers under; may be repeated.") var ip: [String] = []
        @Option(help: "The subject's common name (default: role and name).") var commonName: String?
        @Option(help: "The public Ed25519 key to certify, 64 hexadecimal digits.") var nodeKey: String?
        @Option(help: "The kind of key to make: p256 or ed25519.") var algorithm = PrivateKey.Algorithm.p256
        @Option(help: "Days until it ends.") var days = 30

        func validate() throws {
            guard (1...3650).contains(days) else { throw ValidationError("--days must be 1 to 3650") }
            guard role != nil || commonName != nil else { throw ValidationError("--role or --common-name is required") }
            guard role == nil || network != nil else { throw ValidationError("--role needs --network") }
        }

        func run() async throws {
            let authority = try issuer.open()
            let (publicKey, privateKey) = try key()
            let certificate = try authority.issue(
                CertificateRequest(
                    identity: try identity(), commonName: commonName, dnsNames: dns, ipAddresses: ip,
                    publicKey: publicKey, lifetime: Int64(days) * 86_400))
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if let privateKey { try PEMFile.write(privateKey.pem(), to: output + "/private-key.pem", isPrivate: true) }
            try PEMFile.write(certificate.pem, to: output + "/certificate.pem", isPrivate: false)
            Console.output(CertificateReport(certificate).text)
        }

        /// The key to certify; its private half if it is made here.
        private func key() throws -> (PublicKey, PrivateKey?) {
            if let nodeKey {
                guard let key = Ed25519.PublicKey(hex: nodeKey) else {
                    throw ValidationError("--node-key: not an Ed25519 public key")
                }
                return (try PublicKey(ed25519: key.bytes), nil)
            }
            guard !FileManager.default.fileExists(atPath: output + "/private-key.pem") else {
                throw ValidationError("\(output) holds a private key already; dna pki renew keeps it")
            }
            let key = try PrivateKey.generate(algorithm)
            return (try key.publicKey, key)
        }

        private func identity() throws -> PeerIdentity? {
            guard let role else { return nil }
            let chosen = name ?? (role == .worker ? nodeKey : nil) ?? role.rawValue
            guard let identity = PeerIdentity(network: try networkID(), role: role, name: chosen) else {
                throw ValidationError("--name: 1 to 128 letters, digits, dots, underscores and dashes")
            }
            return identity
        }

        private func networkID() throws -> String {
            let text = network ?? ""
            if NetworkID(hex: text) != nil { return text }
            return "\(try JSONFile.read(Genesis.self, path: text).networkID())"
        }
    }

    /// `dna pki show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print what a certificate says.",
            discussion: "With --authority it is verified as well, and the exit status is 1 if it is not good now.")

        @Argument(help: "The certificate: PEM.") var certificate: String
        @Option(help: "The authority's certificate: PEM.") var authority: String?

        func run() async throws {
            let shown = try TLS.Certificate(pem: PEMFile.read(certificate))
            Console.output(CertificateReport(shown).text)
            guard let authority else { return }
            let trusted = try TLS.Certificate.chain(pem: PEMFile.read(authority))
            guard let refusal = shown.refusal(by: trusted, now: CertificateAuthority.now()) else {
                return Console.output("verified     by \(authority)")
            }
            Console.note("not good: \(refusal)")
            throw ExitCode(1)
        }
    }

    /// `dna pki renew`.
    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew",
            abstract: "Issue again what is past two thirds of its life.",
            discussion: """
                Names, key and length of life stay; the files are replaced, and services that watch them take them up. \
                Certificates of another authority are refused.
                """)

        @OptionGroup var issuer: AuthorityArguments
        @Argument(help: "The certificates: PEM files.") var certificates: [String]
        @Flag(help: "Also what is not due.") var force = false

        func run() async throws {
            let authority = try issuer.open()
            for path in certificates {
                let old = try TLS.Certificate(pem: PEMFile.read(path))
                guard force || old.isDue(now: CertificateAuthority.now()) else {
                    Console.output("\(path): not due before it is past two thirds of its life")
                    continue
                }
                let new = try authority.renew(old)
                try PEMFile.write(new.pem, to: path, isPrivate: false)
                Console.output("\(path): good until \(CertificateReport.date(new.notAfter))")
            }
        }
    }
}

/// What a certificate says, for people.
struct CertificateReport {
    let text: String

    init(_ certificate: TLS.Certificate) {
        var lines = ["subject      \(certificate.commonName ?? "")"]
        if let identity = certificate.identity {
            lines += ["network      \(identity.network)", "role         \(identity.role.rawValue)"]
            lines.append("name         \(identity.name)")
        }
        if certificate.isAuthority { lines.append("authority    yes") }
        lines +=
            certificate.dnsNames.map { "dns          \($0)" } + certificate.ipAddresses.map { "ip           \($0)" }
        lines.append("valid        \(Self.date(certificate.notBefore)) to \(Self.date(certificate.notAfter))")
        lines.append("fingerprint  \(Self.fingerprint(certificate))")
        text = lines.joined(separator: "\n")
    }

    static func fingerprint(_ certificate: TLS.Certificate) -> String {
        "sha256:" + Hexadecimal.encode(certificate.fingerprint)
    }

    static func date(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }
}
