/// Why a key or certificate cannot be used, made or kept.
public enum CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text holds no certificate, or a broken one.
    case notACertificate(reason: String)
    /// The text holds no private key, or one whose passphrase is another.
    case notAPrivateKey(reason: String)
    /// The bytes are no public key of the kind.
    case notAPublicKey
    /// The private key is not the certificate's.
    case keyMismatch
    /// The certificate is no authority's, or the key not that authority's.
    case notAnAuthority
    /// A name that a certificate cannot carry.
    case invalidName(String)
    /// A lifetime that is not positive or beyond the authority's.
    case invalidLifetime
    /// A file could not be read or written; `code` is errno.
    case file(operation: String, path: String, code: Int32)
    /// OpenSSL failed, as it does when there is no memory.
    case failed(reason: String)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .notACertificate(let reason): "not a certificate: \(reason)"
        case .notAPrivateKey(let reason): "not a private key, or a wrong passphrase: \(reason)"
        case .notAPublicKey: "not a public key"
        case .keyMismatch: "the private key is not the certificate's"
        case .notAnAuthority: "not the certificate and key of an authority"
        case .invalidName(let name): "a certificate cannot carry this name: \(name)"
        case .invalidLifetime: "the lifetime is not positive, or the authority's certificate ends earlier"
        case .file(let operation, let path, let code): "\(operation) \(path) failed with error \(code)"
        case .failed(let reason): "OpenSSL: \(reason)"
        }
    }
}
