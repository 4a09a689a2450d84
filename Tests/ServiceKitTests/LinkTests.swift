import Foundation
import HTTPTransport
import ServiceKit
import TLS
import Testing

private let network = String(repeating: "ab", count: 32)

/// A folder with an authority and certificates of members, as `dna pki` leaves them.
final class LinkFolder {
    let path: String
    let authority: CertificateAuthority

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        authority = try CertificateAuthority.create(commonName: "a test's authority")
        try PEMFile.write(authority.certificate.pem, to: path + "/authority.pem", isPrivate: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes (again) what a member needs.
    @discardableResult
    func issue(
        _ role: PeerRole, _ name: String = "1", lifetime: Int64 = 3600, now: Int64 = CertificateAuthority.now()
    ) throws -> LinkFiles {
        let issued = try authority.issue(
            identity: PeerIdentity(network: network, role: role, name: name), dnsNames: ["localhost"],
            lifetime: lifetime, now: now)
        let file = "\(path)/\(role.rawValue)-\(name)"
        try PEMFile.write(issued.privateKey, to: file + ".key", isPrivate: true)
        try PEMFile.write(issued.certificate, to: file + ".pem", isPrivate: false)
        return LinkFiles(
            certificate: file + ".pem", privateKey: file + ".key", authority: path + "/authority.pem")
    }

    func link(_ role: PeerRole, _ name: String = "1") throws -> LinkSecurity {
        try LinkSecurity(issue(role, name), logger: quiet)
    }
}

@Suite struct LinkTests {
    let folder: LinkFolder

    init() throws {
        folder = try LinkFolder()
    }

    func router() -> ServiceRouter {
        let router = ServiceRouter.service()
        router.group("for").add(middleware: RequireRole(.signer, .aggregator)).getJSON("signers") { _, context in
            ["caller": context.peer?.description ?? "unchecked"]
        }
        router.group("for").add(middleware: RequireRole.any).getJSON("members") { _, _ in ["ok": true] }
        router.getJSON("for/self/{name}") { _, context in
            try context.requirePeerName(context.parameters.require("name"))
            return ["ok": true]
        }
        return router
    }

    /// Asks a signer's listener as `caller`, and returns status and body.
    func ask(
        _ path: String, as caller: LinkSecurity?, clients: ClientCertificates = .required
    ) async throws -> (Int, String) {
        var options = HTTPServiceOptions()
        options.server.tls = try folder.link(.signer).server(clients)
        let answer = Answer()
        let anonymous = try TLSContextSource(
            .client(authorities: [folder.authority.certificate], protocols: ["h2"]))
        let tls = try caller?.client(expecting: .signer) ?? HTTPTLSOptions(anonymous)
        try await withService(options: options, router()) { _, _, origin in
            var options = HTTPClientOptions()
            options.tls = tls
            let client = HTTPClient(options: options, logger: quiet)
            let origin = HTTPOrigin(host: "localhost", port: origin.port, isSecure: true)
            do {
                let response = try await client.send(.get, path, to: origin)
                await answer.set(response.status.code, String(buffer: response.body))
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
        return await answer.value
    }

    @Test func theRightRolePasses() async throws {
        let (status, body) = try await ask("/for/signers", as: folder.link(.aggregator))
        #expect(status == 200 && body == #"{"caller":"aggregator 1"}"#)
    }

    @Test func aWorkerIsNoSigner() async throws {
        let (status, body) = try await ask("/for/signers", as: folder.link(.worker))
        #expect(status == 403 && body.contains("urn:dna:problem:wrong_role"))
        #expect(try await ask("/for/members", as: folder.link(.worker)).0 == 200)
    }

    @Test func withoutACertificateNobodyIsAMember() async throws {
        #expect(try await ask("/for/members", as: nil, clients: .optional).0 == 401)
        #expect(try await ask("/for/self/1", as: nil, clients: .optional).0 == 401)
        await #expect(throws: HTTPTransportError.self) { try await ask("/for/members", as: nil) }
    }

    @Test func aNameIsItsHoldersOnly() async throws {
        #expect(try await ask("/for/self/1", as: folder.link(.worker)).0 == 200)
        #expect(try await ask("/for/self/2", as: folder.link(.worker)).0 == 403)
    }

    @Test func onAPlaintextListenerNothingIsChecked() async throws {
        try await withService(router()) { _, client, origin in
            for path in ["/for/signers", "/for/self/9"] {
                let response = try await client.send(.get, path, to: origin)
                #expect(response.status == .ok)
            }
        }
    }

    // MARK: Files

    @Test func aRenewedCertificateIsTakenUpAndABrokenOneIsNot() throws {
        let link = try folder.link(.signer)
        let options = try link.server()
        let (context, end) = (options.source.context, try #require(link.notAfter))
        link.reloadIfChanged()
        #expect(options.source.context === context)

        let files = try folder.issue(.signer, lifetime: 7200)
        link.reloadIfChanged()
        #expect(options.source.context !== context)
        #expect(try #require(link.notAfter) > end)

        let renewed = options.source.context
        try PEMFile.write("rubbish", to: files.certificate, isPrivate: false)
        link.reloadIfChanged()
        #expect(options.source.context === renewed)

        try folder.issue(.signer, lifetime: 9000)
        link.reloadIfChanged()
        #expect(options.source.context !== renewed)
    }

    @Test func aCertificateMayComeLaterWhereThatIsAllowed() throws {
        let key = try PrivateKey.generate(.ed25519)
        let files = LinkFiles(
            certificate: folder.path + "/later.pem", key: .held(key), authority: folder.path + "/authority.pem")
        #expect(throws: (any Error).self) { try LinkSecurity(files, network: network, logger: quiet) }
        let link = try LinkSecurity(files, network: network, mayLackCertificate: true, logger: quiet)
        #expect(link.identity == nil)
        #expect(throws: LinkError.noCertificate) { _ = try link.server() }
        let client = try link.client(expecting: .aggregator)
        let before = client.source.context
        let identity = PeerIdentity(network: network, role: .worker, name: "0f")
        let issued = try folder.authority.issue(CertificateRequest(identity: identity, publicKey: key.publicKey))
        try PEMFile.write(issued.pem, to: files.certificate, isPrivate: false)
        link.reloadIfChanged()
        #expect(link.identity == identity)
        #expect(client.source.context !== before)
    }

    @Test func aCertificateThatHasEndedIsNotShownWhereNoneIsNeeded() throws {
        let files = try folder.issue(.worker, "0f", now: CertificateAuthority.now() - 7200)
        #expect(try LinkSecurity(files, logger: quiet).identity != nil)
        let link = try LinkSecurity(files, network: network, mayLackCertificate: true, logger: quiet)
        #expect(link.identity == nil)
        try folder.issue(.worker, "0f")
        link.reloadIfChanged()
        #expect(link.identity?.name == "0f")
    }

    @Test func aCertificateOfAnotherNetworkIsRefusedAtTheStart() throws {
        let files = try folder.issue(.signer)
        let other = String(repeating: "cd", count: 32)
        #expect(throws: LinkError.otherNetwork(files.certificate)) {
            try LinkSecurity(files, network: other, logger: quiet)
        }
    }
}

/// Status and body, brought out of a closure.
actor Answer {
    private(set) var value = (0, "")

    func set(_ status: Int, _ body: String) {
        value = (status, body)
    }
}
