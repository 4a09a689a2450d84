import COpenSSL

/// A private key that signs handshakes or certificates.
///
/// `@unchecked`: an EVP_PKEY is not changed after it was made, and its reference count is atomic.
public final class PrivateKey: @unchecked Sendable {
    /// Kinds of key that are made here. Others can be loaded.
    public enum Algorithm: String, CaseIterable, Sendable {
        case p256, ed25519
    }

    let pointer: OpaquePointer

    /// Takes over a reference.
    private init(taking pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    /// A new key.
    public static func generate(_ algorithm: Algorithm = .p256) throws(CertificateError) -> PrivateKey {
        ErrorQueue.clear()
        switch algorithm {
        case .p256: return try PrivateKey(dna_EVP_P256_gen())
        case .ed25519: return try PrivateKey(dna_EVP_ED25519_gen())
        }
    }

    private convenience init(_ pointer: OpaquePointer?) throws(CertificateError) {
        guard let pointer else { throw .failed(reason: ErrorQueue.reason()) }
        self.init(taking: pointer)
    }

    /// The Ed25519 key of a 32-byte seed: a node key, for example.
    public convenience init(ed25519Seed seed: UnsafeRawBufferPointer) throws(CertificateError) {
        ErrorQueue.clear()
        let bytes = seed.bindMemory(to: UInt8.self)
        try self.init(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes.baseAddress, bytes.count))
    }

    /// The key in a PEM text: PKCS#8, sealed or not, or one of the older forms.
    public convenience init(pem: String, passphrase: [UInt8]? = nil) throws(CertificateError) {
        ErrorQueue.clear()
        let asked = Passphrase(passphrase)
        let key = PEMText.withReader(pem) { bio in
            // PEM_read_bio_PrivateKey(3): without a callback it would ask on the terminal.
            PEM_read_bio_PrivateKey(
                bio, nil,
                { buffer, size, _, user in
                    guard let buffer, let user else { return -1 }
                    return Unmanaged<Passphrase>.fromOpaque(user).takeUnretainedValue().fill(buffer, size)
                }, Unmanaged.passUnretained(asked).toOpaque())
        }
        guard let key else { throw .notAPrivateKey(reason: ErrorQueue.reason()) }
        self.init(taking: key)
    }

    /// The public half.
    public var publicKey: PublicKey {
        get throws(CertificateError) {
            var bytes: UnsafeMutablePointer<UInt8>?
            let count = i2d_PUBKEY(pointer, &bytes)
            defer { CRYPTO_free(bytes, #file, #line) }
            guard count > 0, let bytes else { throw .failed(reason: ErrorQueue.reason()) }
            return PublicKey(info: [UInt8](UnsafeBufferPointer(start: bytes, count: Int(count))))
        }
    }

    /// PKCS#8 in PEM. With a passphrase sealed by AES-256 under scrypt (N = 2¹⁴, r = 8, p = 1), which
    /// `openssl pkey` reads too.
    public func pem(passphrase: [UInt8]? = nil) throws(CertificateError) -> String {
        ErrorQueue.clear()
        let text: String?
        if let passphrase {
            text = try sealed(passphrase)
        } else {
            text = PEMText.write { PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
        }
        guard let text else { throw .failed(reason: ErrorQueue.reason()) }
        return text
    }

    private func sealed(_ passphrase: [UInt8]) throws(CertificateError) -> String? {
        let scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nil, 0, nil, 1 << 14, 8, 1)
        guard let scheme else { throw .failed(reason: ErrorQueue.reason()) }
        guard let plain = EVP_PKEY2PKCS8(pointer) else {
            X509_ALGOR_free(scheme)
            throw .failed(reason: ErrorQueue.reason())
        }
        defer { PKCS8_PRIV_KEY_INFO_free(plain) }
        let sealed = passphrase.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                PKCS8_set0_pbe($0.baseAddress, Int32($0.count), plain, scheme)
            }
        }
        guard let sealed else {
            X509_ALGOR_free(scheme)
            throw .failed(reason: ErrorQueue.reason())
        }
        defer { X509_SIG_free(sealed) }
        return PEMText.write { PEM_write_bio_PKCS8($0, sealed) }
    }
}

/// A public key, as a certificate carries it.
public struct PublicKey: Hashable, Sendable {
    /// SubjectPublicKeyInfo in DER (RFC 5280, section 4.1).
    public let info: [UInt8]

    /// From SubjectPublicKeyInfo in DER; checked when it is used.
    public init(info: [UInt8]) {
        self.info = info
    }

    /// An Ed25519 key of 32 bytes (RFC 8410, section 4).
    public init(ed25519 bytes: [UInt8]) throws(CertificateError) {
        guard bytes.count == 32 else { throw .notAPublicKey }
        info = Self.ed25519Prefix + bytes
    }

    /// The 32 bytes of an Ed25519 key; nil for other kinds.
    public var ed25519: [UInt8]? {
        guard info.count == 44, info.starts(with: Self.ed25519Prefix) else { return nil }
        return [UInt8](info.suffix(32))
    }

    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
}

/// What a sealed key is opened with.
private final class Passphrase {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]?) {
        self.bytes = bytes ?? []
    }

    func fill(_ buffer: UnsafeMutablePointer<CChar>, _ size: Int32) -> Int32 {
        guard bytes.count <= Int(size) else { return -1 }
        for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
        return Int32(bytes.count)
    }
}
