import Administration
import ArgumentParser
import Cryptography
import DNAProtocol
import ServiceKit
import TLS

/// `dna nodes approve`.
struct NodesApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Let in nodes whose invitations are good, and take off those that leave.",
        discussion: """
            Every application is checked here: the node's proof that it holds its key, the invitation's signature, time \
            and uses, counted from the roster. With --authority-certificate and --authority-key (sealed, if at all, \
            with the same passphrase) active workers get TLS certificates, and new ones after two thirds of their life.
            """)

    @OptionGroup var network: AdministratorArguments
    @Argument(help: "The nodes to let in.") var keys: [Ed25519.PublicKey] = []
    @Flag(help: "All nodes that wait.") var all = false
    @Flag(help: "All nodes, now and whenever one comes, until stopped.") var watch = false
    @Option(help: "Sign this proposed epoch after looking at it; `list` shows what is proposed.") var proposal: String?
    @Option(help: "With --watch: take nodes off that were not heard from for this long.") var retireAfter: Seconds?
    @Option(help: "The authority's certificate, PEM (DNA_AUTHORITY_CERTIFICATE).") var authorityCertificate: String?
    @Option(help: "The authority's key, PEM (DNA_AUTHORITY_KEY).") var authorityKey: String?
    // The default reads as any other.
    @Option(help: "How long workers' certificates are good.") var certificateLifetime = Seconds(argument: "7d")!

    func validate() throws {
        let ways = [!keys.isEmpty, all, watch, proposal != nil].count { $0 }
        guard ways == 1 else { throw ValidationError("give nodes, --all, --watch, or --proposal") }
    }

    func run() async throws {
        let (retire, issuer) = (retireAfter?.value, try issuer())
        let (chosen, isWatch, proposal) = (keys.isEmpty ? nil : Set(keys), watch, proposal)
        try await network.with { administrator in
            let admissions = Admissions(
                administrator, retireAfter: retire, issuer: issuer, now: AdministratorArguments.now,
                report: Self.report)
            if let proposal { return try await Self.sign(proposal, administrator) }
            if isWatch { return try await withInterruption { await admissions.watch() } }
            try await admissions.approve(only: chosen)
        }
    }

    private static func report(_ event: Admissions.Event) {
        switch event {
        case .changed(let outcome): AdministratorArguments.print(outcome)
        case .refused(let node, let reason): Console.note("refused \(node): \(reason)")
        case .certified(let node): Console.note("certified \(node)")
        case .failed(let error): Console.note("trying again: \(error)")
        }
    }

    private static func sign(_ id: String, _ administrator: Administrator) async throws {
        let proposals = try await administrator.proposals()
        guard let proposal = try proposals.first(where: { try $0.roster.rosterID().hex.hasPrefix(id) }) else {
            throw ValidationError("no such proposal follows the roster in force")
        }
        AdministratorArguments.print(try await administrator.sign(proposal))
    }

    private func issuer() throws -> Admissions.Issuer? {
        let certificate = network.value(authorityCertificate, "DNA_AUTHORITY_CERTIFICATE", { $0.authority })
        let key = network.value(authorityKey, "DNA_AUTHORITY_KEY", { $0.authorityKey })
        guard let certificate, let key else {
            guard certificate == nil, key == nil else {
                throw ValidationError("--authority-certificate and --authority-key belong together")
            }
            return nil
        }
        // One passphrase for all of an administrator's keys; it does no harm where this one is not sealed.
        let passphrase = try network.passphrase().withUnsafeBytes { [UInt8]($0) }
        let authority = try CertificateAuthority.load(certificate: certificate, privateKey: key, passphrase: passphrase)
        let name = try network.readGenesis().networkID().hex
        let lifetime = certificateLifetime.value
        return { node in
            let request = CertificateRequest(
                identity: PeerIdentity(network: name, role: .worker, name: node.hex),
                // For checks of its health from beside it.
                dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"],
                publicKey: try PublicKey(ed25519: node.bytes), lifetime: lifetime)
            let issued = try authority.issue(request)
            return NodeCertificate(
                certificate: try issued.pem,
                times: .init(
                    issuedAt: Timestamp(seconds: issued.notBefore), expiresAt: Timestamp(seconds: issued.notAfter)))
        }
    }
}
