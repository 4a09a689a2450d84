import Glibc
public import HTTPTransport
public import Logging
public import ServiceLifecycle
import Synchronization
public import TLS

/// Where a service finds its certificate and its key.
public struct LinkFiles: Hashable, Sendable {
    /// Where the private key comes from.
    public enum Key: Sendable {
        /// A PEM file.
        case file(String)
        /// A key the process holds anyway: a worker's node key.
        case held(PrivateKey)
    }

    /// The certificate, and what stands between it and the authority if anything does: PEM.
    public var certificate: String
    /// The certificate's key.
    public var privateKey: Key
    /// Who vouches for the peers: PEM, one certificate or several. Nil for a public listener, which asks nobody.
    public var authority: String?

    /// Three files.
    public init(certificate: String, privateKey: String, authority: String?) {
        self.init(certificate: certificate, key: .file(privateKey), authority: authority)
    }

    /// Two files and a key.
    public init(certificate: String, key: Key, authority: String?) {
        self.certificate = certificate
        self.privateKey = key
        self.authority = authority
    }
}

extension LinkFiles.Key: Hashable {
    /// The same file, or the very same key.
    public static func == (left: LinkFiles.Key, right: LinkFiles.Key) -> Bool {
        switch (left, right) {
        case (.file(let left), .file(let right)): left == right
        case (.held(let left), .held(let right)): left === right
        default: false
        }
    }

    /// Hashes the path, or the key's place.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .file(let path): hasher.combine(path)
        case .held(let key): hasher.combine(ObjectIdentifier(key))
        }
    }
}

/// The security of a service's links to the others: gives servers and clients their TLS, and renews it when the files
/// change, as long as it runs.
public final class LinkSecurity: Service {
    /// How often the files are looked at.
    public static let watchInterval: Duration = .seconds(5)

    /// Every option handed out, to be renewed with the files.
    private struct Issued {
        let source: TLSContextSource
        let make: @Sendable (LinkMaterial) throws -> TLSContext
    }

    private struct State {
        var material: LinkMaterial
        var issued: [Issued] = []
    }

    private let files: LinkFiles
    private let mayLackCertificate: Bool
    private let network: String?
    private let interval: Duration
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files. Throws what is wrong with them, or with what is in them.
    /// - Parameters:
    ///   - network: the network all certificates must name; the one this side's own names by default.
    ///   - mayLackCertificate: whether to begin without a certificate, or with one that has ended: a worker that has not
    ///     joined yet, or was away for long, and has to ask for one. Servers then cannot be made; clients show nothing
    ///     until a good one is there.
    public init(
        _ files: LinkFiles, network: String? = nil, mayLackCertificate: Bool = false,
        watchInterval: Duration = LinkSecurity.watchInterval, logger: Logger
    ) throws {
        self.files = files
        self.network = network
        self.mayLackCertificate = mayLackCertificate
        interval = watchInterval
        self.logger = logger
        state = Mutex(
            State(material: try LinkMaterial(files, network: network, mayLackCertificate: mayLackCertificate)))
    }

    /// Where this side's certificate is read.
    public var certificatePath: String { files.certificate }

    /// Who this side is; nil as long as it has no certificate.
    public var identity: PeerIdentity? { state.withLock { $0.material.identity } }

    /// When this side's certificate ends, seconds since 1970; nil as long as it has none.
    public var notAfter: Int64? { state.withLock { $0.material.credentials?.certificate.notAfter } }

    /// TLS for a listener.
    /// - Parameter servesHTTP1: whether it answers HTTP/1.1 as well.
    public func server(
        _ clients: ClientCertificates = .required, servesHTTP1: Bool = false
    ) throws -> HTTPTLSOptions {
        try issue { material in
            guard let credentials = material.credentials else { throw LinkError.noCertificate }
            return try .server(
                credentials: credentials, authorities: material.authorities, clients: clients,
                rules: PeerRules(network: material.network), protocols: servesHTTP1 ? ["h2", "http/1.1"] : ["h2"])
        }
    }

    /// TLS for calls to members in one of `roles`.
    public func client(expecting roles: PeerRole...) throws -> HTTPTLSOptions {
        try issue { material in
            try .client(
                credentials: material.credentials, authorities: material.authorities,
                rules: PeerRules(network: material.network, roles: Set(roles)), protocols: ["h2"])
        }
    }

    private func issue(_ make: @escaping @Sendable (LinkMaterial) throws -> TLSContext) throws -> HTTPTLSOptions {
        try state.withLock { state in
            let source = TLSContextSource(try make(state.material))
            state.issued.append(Issued(source: source, make: make))
            return HTTPTLSOptions(source)
        }
    }

    // MARK: Renewal

    /// Looks at the files again and again until it is told to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Ends early when the service stops, which the loop sees.
                try? await Task.sleep(for: self.interval)
                self.reloadIfChanged()
            }
        }
    }

    /// Takes up the files if one of them was changed. Broken ones are reported, and what is in use stays.
    public func reloadIfChanged() {
        let marks = FileMark.all(of: files)
        guard state.withLock({ $0.material.isOutdated(mayLackCertificate, marks) }) else { return }
        do {
            let material = try LinkMaterial(files, network: network, mayLackCertificate: mayLackCertificate)
            try state.withLock { state in
                let contexts = try state.issued.map { ($0.source, try $0.make(material)) }
                for (source, context) in contexts { source.replace(with: context) }
                state.material = material
            }
            logger.notice("certificate renewed", metadata: ["not_after": "\(notAfter ?? 0)"])
        } catch {
            state.withLock { $0.material.refused = marks }
            logger.error("the new certificate files cannot be used", metadata: ["error": "\(error)"])
        }
    }
}

/// What was in the files.
private struct LinkMaterial: Sendable {
    let credentials: TLSCredentials?
    let authorities: [Certificate]
    let network: String?
    /// As the files were before they were read: a change while they are read is seen afterwards.
    let marks: [FileMark?]
    /// Files that were found broken; they are not read again and again.
    var refused: [FileMark?]?

    init(_ files: LinkFiles, network: String?, mayLackCertificate: Bool) throws {
        marks = FileMark.all(of: files)
        authorities = try files.authority.map(Self.certificates) ?? []
        if mayLackCertificate, marks[0] == nil {
            credentials = nil
        } else {
            let found = try Self.credentials(files)
            // Shown, a certificate that has ended would keep its owner from asking for another.
            credentials = mayLackCertificate && found.hasEnded ? nil : found
        }
        let own = credentials?.certificate.identity
        if let own, let network, own.network != network { throw LinkError.otherNetwork(files.certificate) }
        if files.authority != nil, credentials != nil, own == nil { throw LinkError.noIdentity(files.certificate) }
        self.network = files.authority == nil ? nil : network ?? own?.network
    }

    private static func certificates(_ path: String) throws -> [Certificate] {
        try LinkError.naming(path) { try Certificate.chain(pem: PEMFile.read(path)) }
    }

    private static func credentials(_ files: LinkFiles) throws -> TLSCredentials {
        let chain = try certificates(files.certificate)
        switch files.privateKey {
        case .held(let key): return try TLSCredentials(chain: chain, privateKey: key)
        case .file(let path):
            let key = try LinkError.naming(path) { try PrivateKey(pem: PEMFile.read(path)) }
            return try LinkError.naming(path) { try TLSCredentials(chain: chain, privateKey: key) }
        }
    }

    var identity: PeerIdentity? { credentials?.certificate.identity }

    /// Whether to read the files again: they have changed, or what they held has ended.
    func isOutdated(_ mayLackCertificate: Bool, _ marks: [FileMark?]) -> Bool {
        self.marks != marks && refused != marks || mayLackCertificate && credentials?.hasEnded == true
    }
}

extension TLSCredentials {
    fileprivate var hasEnded: Bool { certificate.notAfter <= Int64(time(nil)) }
}

/// What tells one version of a file from the next.
private struct FileMark: Hashable, Sendable {
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }

    /// The certificate's first.
    static func all(of files: LinkFiles) -> [FileMark?] {
        var paths = [files.certificate] + [files.authority].compactMap(\.self)
        if case .file(let path) = files.privateKey { paths.append(path) }
        return paths.map { FileMark($0) }
    }
}

/// What an operator has to mend.
public enum LinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file that cannot be used.
    case file(String, CertificateError)
    /// A certificate that names no member of a network.
    case noIdentity(String)
    /// A certificate of another network.
    case otherNetwork(String)
    /// A listener needs a certificate, and there is none yet.
    case noCertificate

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .file(let path, let error): "\(path): \(error)"
        case .noIdentity(let path): "\(path): the certificate names no member of a network (dna://network/role/name)"
        case .otherNetwork(let path): "\(path): the certificate is for another network"
        case .noCertificate: "a listener needs a certificate"
        }
    }

    fileprivate static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as CertificateError {
            throw LinkError.file(path, error)
        }
    }
}
