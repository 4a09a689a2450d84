public import ArgumentParser
public import Foundation
public import HTTPTransport
public import Logging
public import ServiceKit
public import TLS

/// Options of every program that talks to the services of a network: who it is, or that nobody is anybody.
public struct LinkArguments: ParsableArguments {
    @Option(help: "This program's certificate: PEM, watched for changes (DNA_CERTIFICATE).")
    var certificate: String?

    @Option(help: "The certificate's private key: PEM (DNA_PRIVATE_KEY).")
    var privateKey: String?

    @Option(help: "The authority that vouches for the other services: PEM (DNA_AUTHORITY).")
    var authority: String?

    @Flag(
        help: ArgumentHelp(
            "Talk in the clear and check nobody, for development or behind something that does (DNA_PLAINTEXT=true)."))
    var plaintext = false

    /// Nothing given yet.
    public init() {}

    /// The files named; nil when plaintext was asked for. Throws when neither was, or only a part.
    /// - Parameter held: the certificate's key if the program has it anyway.
    public func files(
        held: PrivateKey? = nil, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> LinkFiles? {
        let certificate = certificate ?? environment["DNA_CERTIFICATE"]
        let authority = authority ?? environment["DNA_AUTHORITY"]
        let path = privateKey ?? environment["DNA_PRIVATE_KEY"]
        let key = path.map { LinkFiles.Key.file($0) } ?? held.map { LinkFiles.Key.held($0) }
        let isPlaintext = plaintext || ["1", "true"].contains(environment["DNA_PLAINTEXT"])
        if isPlaintext {
            // Named on the command line, both would be said at once; the environment may hold them for other programs.
            guard self.certificate == nil else { throw ValidationError("--plaintext excludes --certificate") }
            return nil
        }
        guard let certificate, let authority, let key else {
            throw ValidationError(
                "--certificate, --private-key and --authority are required, or --plaintext to talk in the clear")
        }
        return LinkFiles(certificate: certificate, key: key, authority: authority)
    }

    /// The link's security; nil for plaintext. Run it as a service: it watches the files.
    /// - Parameters:
    ///   - network: the network's id, 64 hexadecimal digits; the certificate's own by default.
    ///   - held: the certificate's key if the program has it anyway.
    ///   - mayLackCertificate: whether the certificate's file may come later.
    public func link(
        network: String? = nil, held: PrivateKey? = nil, mayLackCertificate: Bool = false, logger: Logger
    ) throws -> LinkSecurity? {
        guard let files = try files(held: held) else {
            logger.warning("links are in the clear, and nobody is asked who they are")
            return nil
        }
        return try LinkSecurity(files, network: network, mayLackCertificate: mayLackCertificate, logger: logger)
    }

    /// Refuses origins that do not fit the link, before anything is sent.
    public static func require(_ origins: [HTTPOrigin], of option: String, _ link: LinkSecurity?) throws {
        for origin in origins where origin.isSecure != (link != nil) {
            throw ValidationError("--\(option): \(origin) must be \(link == nil ? "http" : "https")")
        }
    }
}
