import COpenSSL
import Glibc

/// Issues a network's certificates.
public final class CertificateAuthority: Sendable {
    /// Five years.
    public static let defaultLifetime: Int64 = 5 * 365 * 86_400
    /// How much earlier than now a certificate begins: clocks differ. Seconds.
    public static let backdating: Int64 = 300

    /// Seconds since 1970, by the system's clock.
    public static func now() -> Int64 { Int64(time(nil)) }

    /// The certificate that others trust.
    public let certificate: Certificate
    /// Its key.
    public let privateKey: PrivateKey

    /// An authority out of its certificate and key.
    public init(certificate: Certificate, privateKey: PrivateKey) throws(CertificateError) {
        ErrorQueue.clear()
        guard certificate.isAuthority, X509_check_private_key(certificate.pointer, privateKey.pointer) == 1 else {
            ErrorQueue.clear()
            throw .notAnAuthority
        }
        self.certificate = certificate
        self.privateKey = privateKey
    }

    /// An authority out of its PEM texts.
    public convenience init(
        certificatePEM: String, privateKeyPEM: String, passphrase: [UInt8]? = nil
    ) throws(CertificateError) {
        try self.init(
            certificate: try Certificate(pem: certificatePEM),
            privateKey: try PrivateKey(pem: privateKeyPEM, passphrase: passphrase))
    }

    /// An authority out of its files.
    public static func load(
        certificate: String, privateKey: String, passphrase: [UInt8]? = nil
    ) throws(CertificateError) -> CertificateAuthority {
        try CertificateAuthority(
            certificatePEM: try PEMFile.read(certificate), privateKeyPEM: try PEMFile.read(privateKey),
            passphrase: passphrase)
    }

    /// A new authority: signs leaves, and no further authorities.
    /// - Parameter now: seconds since 1970.
    public static func create(
        commonName: String, algorithm: PrivateKey.Algorithm = .p256, lifetime: Int64 = defaultLifetime,
        now: Int64 = CertificateAuthority.now()
    ) throws(CertificateError) -> CertificateAuthority {
        guard lifetime > 0 else { throw .invalidLifetime }
        let key = try PrivateKey.generate(algorithm)
        let draft = try CertificateDraft(
            subject: commonName, from: now - backdating, until: now + lifetime, key: try key.publicKey)
        try draft.setIssuer(draft.pointer)
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        return try CertificateAuthority(certificate: try draft.sign(key), privateKey: key)
    }

    /// A certificate for what `request` says, good for servers and clients.
    /// - Parameter now: seconds since 1970.
    public func issue(
        _ request: CertificateRequest, now: Int64 = CertificateAuthority.now()
    ) throws(CertificateError) -> Certificate {
        guard request.lifetime > 0, now + request.lifetime <= certificate.notAfter else { throw .invalidLifetime }
        let draft = try CertificateDraft(
            subject: request.subject, from: now - Self.backdating, until: now + request.lifetime,
            key: request.publicKey)
        try draft.setIssuer(certificate.pointer)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        try draft.add(NID_ext_key_usage, "serverAuth,clientAuth")
        try draft.add(NID_subject_key_identifier, "hash")
        try draft.add(NID_authority_key_identifier, "keyid:always")
        let names = try request.alternativeNames()
        if !names.isEmpty { try draft.add(NID_subject_alt_name, names) }
        return try draft.sign(privateKey)
    }

    /// A new key and a certificate for it, both in PEM.
    public func issue(
        identity: PeerIdentity?, commonName: String? = nil, dnsNames: [String] = [], ipAddresses: [String] = [],
        algorithm: PrivateKey.Algorithm = .p256, lifetime: Int64 = CertificateRequest.defaultLifetime,
        now: Int64 = CertificateAuthority.now()
    ) throws(CertificateError) -> (certificate: String, privateKey: String) {
        let key = try PrivateKey.generate(algorithm)
        let request = CertificateRequest(
            identity: identity, commonName: commonName, dnsNames: dnsNames, ipAddresses: ipAddresses,
            publicKey: try key.publicKey, lifetime: lifetime)
        return (try issue(request, now: now).pem, try key.pem())
    }
}

/// A certificate in the making.
private final class CertificateDraft {
    let pointer: OpaquePointer
    private var issuer: OpaquePointer?

    init(subject: String, from start: Int64, until end: Int64, key: PublicKey) throws(CertificateError) {
        ErrorQueue.clear()
        guard let pointer = X509_new() else { throw .failed(reason: ErrorQueue.reason()) }
        self.pointer = pointer
        guard X509_set_version(pointer, 2) == 1 else { throw .failed(reason: ErrorQueue.reason()) }
        try setSerial()
        guard ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(start)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(end)) != nil
        else { throw .invalidLifetime }
        try setSubject(subject)
        try setKey(key)
    }

    deinit { X509_free(pointer) }

    /// RFC 5280, section 4.1.2.2: positive, at most 20 bytes; 126 random bits make it unique.
    private func setSerial() throws(CertificateError) {
        let number = BN_new()
        defer { BN_free(number) }
        guard BN_rand(number, 127, 0, 0) == 1, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil else {
            throw .failed(reason: ErrorQueue.reason())
        }
    }

    private func setSubject(_ subject: String) throws(CertificateError) {
        let name = X509_get_subject_name(pointer)
        // ub-common-name of RFC 5280 is 64 characters: a worker's name is in the URI anyway.
        let text = String(subject.prefix(64))
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .invalidName(subject) }
        let bytes = Array(text.utf8)
        let added = X509_NAME_add_entry_by_NID(
            name, NID_commonName, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0)
        guard added == 1 else { throw .invalidName(subject) }
    }

    private func setKey(_ key: PublicKey) throws(CertificateError) {
        let parsed = key.info.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return d2i_PUBKEY(nil, &next, bytes.count)
        }
        guard let parsed else {
            ErrorQueue.clear()
            throw .notAPublicKey
        }
        defer { EVP_PKEY_free(parsed) }
        guard X509_set_pubkey(pointer, parsed) == 1 else { throw .failed(reason: ErrorQueue.reason()) }
    }

    func setIssuer(_ issuer: OpaquePointer) throws(CertificateError) {
        self.issuer = issuer
        guard X509_set_issuer_name(pointer, X509_get_subject_name(issuer)) == 1 else {
            throw .failed(reason: ErrorQueue.reason())
        }
    }

    func add(_ kind: Int32, _ value: String) throws(CertificateError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw .invalidName("\(value): \(ErrorQueue.reason())")
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(pointer, made, -1) == 1 else { throw .failed(reason: ErrorQueue.reason()) }
    }

    func sign(_ key: PrivateKey) throws(CertificateError) -> Certificate {
        // EVP_DigestSignInit(3): Ed25519 takes no digest.
        let digest = EVP_PKEY_get_id(key.pointer) == EVP_PKEY_ED25519 ? nil : EVP_sha256()
        guard X509_sign(pointer, key.pointer, digest) > 0 else { throw .failed(reason: ErrorQueue.reason()) }
        X509_up_ref(pointer)
        return Certificate(taking: pointer)
    }
}
