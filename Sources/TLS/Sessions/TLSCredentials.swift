import COpenSSL

/// What one side shows of itself: a certificate, the ones between it and an authority if any, and its key.
public struct TLSCredentials: Sendable {
    /// The leaf, then what vouches for it.
    public let chain: [Certificate]
    /// The leaf's key.
    public let privateKey: PrivateKey

    /// Throws `CertificateError.keyMismatch` when the key is not the first certificate's.
    public init(chain: [Certificate], privateKey: PrivateKey) throws(CertificateError) {
        ErrorQueue.clear()
        guard let leaf = chain.first else { throw .notACertificate(reason: "empty") }
        guard X509_check_private_key(leaf.pointer, privateKey.pointer) == 1 else {
            ErrorQueue.clear()
            throw .keyMismatch
        }
        self.chain = chain
        self.privateKey = privateKey
    }

    /// From PEM texts.
    public init(certificatePEM: String, privateKeyPEM: String) throws(CertificateError) {
        try self.init(
            chain: try Certificate.chain(pem: certificatePEM), privateKey: try PrivateKey(pem: privateKeyPEM))
    }

    /// The certificate shown first.
    public var certificate: Certificate { chain[0] }
}

/// Whether a server asks its clients for certificates.
public enum ClientCertificates: Sendable {
    /// Whoever shows none is refused.
    case required
    /// One that is shown must be good.
    case optional
    /// Nobody is asked.
    case ignored
}

/// Whom a side accepts, beyond an authority's word.
public struct PeerRules: Sendable {
    /// The network a certificate must name; nil accepts certificates that name none.
    public var network: String?
    /// The roles it may name; nil accepts all.
    public var roles: Set<PeerRole>?

    /// Rules for the certificates that are shown.
    public init(network: String? = nil, roles: Set<PeerRole>? = nil) {
        self.network = network
        self.roles = roles
    }

    /// What is wrong with a certificate that an authority vouches for; nil when nothing is.
    func objection(to certificate: Certificate) -> String? {
        guard let network else { return nil }
        guard let identity = certificate.identity else { return "its certificate names no member of a network" }
        guard identity.network == network else { return "its certificate is for another network" }
        if let roles, !roles.contains(identity.role) { return "it is \(identity), which is not who answers here" }
        return nil
    }
}
