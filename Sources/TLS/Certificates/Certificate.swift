import COpenSSL
import Glibc

/// An X.509 certificate.
///
/// `@unchecked`: an X509 is not changed after it was made; what OpenSSL caches in it, it guards by a lock of its own.
public final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(taking pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { X509_free(pointer) }

    /// The first certificate of a PEM text.
    public convenience init(pem: String) throws(CertificateError) {
        guard let first = try Self.chain(pem: pem).first else { throw .notACertificate(reason: "empty") }
        X509_up_ref(first.pointer)
        self.init(taking: first.pointer)
    }

    /// All certificates of a PEM text, at least one.
    public static func chain(pem: String) throws(CertificateError) -> [Certificate] {
        ErrorQueue.clear()
        var chain: [Certificate] = []
        PEMText.withReader(pem) { bio in
            while let next = PEM_read_bio_X509(bio, nil, nil, nil) { chain.append(Certificate(taking: next)) }
        }
        // The loop ends with an error in any case: the good one is that no further block begins.
        let isEnd = dna_ERR_is_end_of_pem(ERR_peek_last_error()) == 1
        let reason = ErrorQueue.reason()
        guard isEnd, !chain.isEmpty else { throw .notACertificate(reason: reason) }
        return chain
    }

    /// PEM.
    public var pem: String {
        get throws(CertificateError) {
            guard let text = PEMText.write({ PEM_write_bio_X509($0, pointer) }) else {
                throw .failed(reason: ErrorQueue.reason())
            }
            return text
        }
    }

    /// Who it speaks for: its only `dna://` name; nil when it has none, or several.
    public var identity: PeerIdentity? {
        let uris = names(of: GEN_URI).filter { $0.hasPrefix("dna://") }
        return uris.count == 1 ? PeerIdentity(uri: uris[0]) : nil
    }

    /// The subject's common name.
    public var commonName: String? {
        let subject = X509_get_subject_name(pointer)
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0 else { return nil }
        return Self.text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)))
    }

    /// The DNS names it is good for.
    public var dnsNames: [String] { names(of: GEN_DNS) }

    /// The IP addresses it is good for.
    public var ipAddresses: [String] { names(of: GEN_IPADD) }

    /// The URIs it speaks for.
    public var uris: [String] { names(of: GEN_URI) }

    /// When it begins to be good, seconds since 1970.
    public var notBefore: Int64 { Self.seconds(X509_get0_notBefore(pointer)) }

    /// When it ends to be good, seconds since 1970.
    public var notAfter: Int64 { Self.seconds(X509_get0_notAfter(pointer)) }

    /// Whether it may sign others.
    public var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    /// SHA-256 of the certificate.
    public var fingerprint: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        X509_digest(pointer, EVP_sha256(), &digest, &count)
        return digest
    }

    /// The subject's key.
    public var publicKey: PublicKey {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(X509_get0_pubkey(pointer), &bytes)
        defer { CRYPTO_free(bytes, #file, #line) }
        return PublicKey(info: [UInt8](UnsafeBufferPointer(start: bytes, count: max(0, Int(count)))))
    }

    /// Why one of `authorities` does not vouch for it at `now`, seconds since 1970; nil when one does.
    public func refusal(by authorities: [Certificate], now: Int64) -> String? {
        let store = X509_STORE_new()
        let context = X509_STORE_CTX_new()
        defer {
            X509_STORE_CTX_free(context)
            X509_STORE_free(store)
            ErrorQueue.clear()
        }
        for authority in authorities { X509_STORE_add_cert(store, authority.pointer) }
        guard X509_STORE_CTX_init(context, store, pointer, nil) == 1 else { return ErrorQueue.reason() }
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), time_t(now))
        if X509_verify_cert(context) == 1 { return nil }
        return String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context))))
    }

    // MARK: Fields

    private func names(of kind: Int32) -> [String] {
        let extension_ = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil)
        guard let names = extension_.map(OpaquePointer.init) else { return [] }
        defer { GENERAL_NAMES_free(names) }
        return (0..<dna_GENERAL_NAMES_count(names)).compactMap { index in
            guard let name = dna_GENERAL_NAMES_at(names, index) else { return nil }
            var type: Int32 = 0
            let value = GENERAL_NAME_get0_value(name, &type)?.assumingMemoryBound(to: ASN1_STRING.self)
            guard type == kind, let value else { return nil }
            return kind == GEN_IPADD ? Self.address(value) : Self.text(value)
        }
    }

    /// Nil for text with control characters, a NUL above all: it could look like another name.
    private static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func address(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        let count = ASN1_STRING_length(string)
        guard count == 4 || count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(count == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(string), &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var fields = tm()
        guard ASN1_TIME_to_tm(time, &fields) == 1 else { return 0 }
        return Int64(timegm(&fields))
    }
}
