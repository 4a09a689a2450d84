import COpenSSL

/// An OpenSSL RSA key: the one owner of its `EVP_PKEY`.
///
/// `@unchecked`: EVP_PKEY(7): a key that is not changed may be used by several threads at once; nothing here changes one.
final class RSAKeyHandle: @unchecked Sendable {
    /// A number that makes up a key, by OpenSSL's name for it.
    typealias Number = (name: RSAParameter, bytes: SecretBytes)

    private let pointer: OpaquePointer

    /// A new key. Throws when the system has no randomness or memory.
    init(generatingBits bits: Int) throws(CryptographyError) {
        guard let key = dna_EVP_RSA_gen(UInt32(bits)) else { throw .invalidRSAKey(reason: "none could be made") }
        pointer = key
    }

    /// The key of these big-endian numbers; OpenSSL looks at few of their relations.
    init(_ numbers: [Number], isPrivate: Bool) throws(CryptographyError) {
        let parameters = ParameterList()
        for number in numbers { try parameters.append(number.name, number.bytes) }
        var key: OpaquePointer?
        let selection = dna_EVP_PKEY_selection(isPrivate ? 1 : 0)
        let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, selection, parameters.finish()) == 1, let key
        else {
            ERR_clear_error()
            throw .invalidRSAKey(reason: "OpenSSL refuses its numbers")
        }
        pointer = key
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// A number of the key, big-endian without leading zeros, in secret memory; nil if the key has none of that name.
    func number(_ name: RSAParameter) -> SecretBytes? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(pointer, name.pointer, &number) == 1, let number else {
            ERR_clear_error()
            return nil
        }
        defer { BN_clear_free(number) }
        return SecretBytes(count: (Int(BN_num_bits(number)) + 7) / 8) { output in
            _ = BN_bn2bin(number, output.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// A signature with a salt of ``RSAPSS/saltByteCount`` bytes; nil if OpenSSL makes none with this key.
    func sign(_ message: [UInt8]) -> [UInt8]? {
        withContext(EVP_DigestSignInit_ex, salt: CInt(RSAPSS.saltByteCount)) { context in
            var count = Int(EVP_PKEY_get_size(pointer))
            var signature = [UInt8](repeating: 0, count: count)
            guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { return nil }
            return Array(signature.prefix(count))
        }
    }

    /// Whether it is a signature with a salt of that many bytes.
    func verifies(_ signature: [UInt8], of message: [UInt8], salt: CInt) -> Bool {
        withContext(EVP_DigestVerifyInit_ex, salt: salt) { context in
            EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        } ?? false
    }

    private typealias Begin = (
        OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>?, UnsafePointer<CChar>?, OpaquePointer?,
        UnsafePointer<CChar>?, OpaquePointer?, UnsafePointer<OSSL_PARAM>?
    ) -> CInt

    private func withContext<R>(_ begin: Begin, salt: CInt, _ body: (OpaquePointer) -> R?) -> R? {
        // What a failure leaves in the thread's queue of errors would be taken for somebody else's.
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory for a signature") }
        defer { EVP_MD_CTX_free(context) }
        // Owned by the digest context.
        var keyContext: OpaquePointer?
        guard begin(context, &keyContext, "SHA256", nil, nil, pointer, nil) == 1,
            EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, salt) == 1,
            EVP_PKEY_CTX_set_rsa_mgf1_md_name(keyContext, "SHA256", nil) == 1
        else { return nil }
        return body(context)
    }
}

/// OpenSSL's names of an RSA key's numbers (provider-keymgmt(7), EVP_PKEY-RSA(7)).
///
/// Static strings, since OpenSSL keeps pointers to them.
struct RSAParameter {
    let pointer: UnsafePointer<CChar>

    private init(_ name: StaticString) {
        pointer = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    static var modulus: RSAParameter { RSAParameter("n") }
    static var publicExponent: RSAParameter { RSAParameter("e") }
    static var privateExponent: RSAParameter { RSAParameter("d") }
    static var firstPrime: RSAParameter { RSAParameter("rsa-factor1") }
    static var secondPrime: RSAParameter { RSAParameter("rsa-factor2") }
    static var firstExponent: RSAParameter { RSAParameter("rsa-exponent1") }
    static var secondExponent: RSAParameter { RSAParameter("rsa-exponent2") }
    static var coefficient: RSAParameter { RSAParameter("rsa-coefficient1") }
}

/// The one owner of an `OSSL_PARAM_BLD`, of the numbers in it and of the list made from it.
private final class ParameterList {
    private let builder = OSSL_PARAM_BLD_new()
    private var numbers: [OpaquePointer] = []
    private var list: UnsafeMutablePointer<OSSL_PARAM>?

    /// OSSL_PARAM_BLD(3): name and number are kept by reference.
    func append(_ name: RSAParameter, _ bytes: SecretBytes) throws(CryptographyError) {
        // From a number marked as secure follows a list that is wiped when it is freed.
        guard let number = BN_secure_new() else { preconditionFailure("out of memory for a key") }
        numbers.append(number)
        bytes.withPointer { _ = BN_bin2bn($0, CInt(bytes.count), number) }
        guard OSSL_PARAM_BLD_push_BN(builder, name.pointer, number) == 1 else {
            throw .invalidRSAKey(reason: "one of its numbers is missing")
        }
    }

    func finish() -> UnsafeMutablePointer<OSSL_PARAM> {
        guard let made = OSSL_PARAM_BLD_to_param(builder) else { preconditionFailure("out of memory for a key") }
        list = made
        return made
    }

    deinit {
        OSSL_PARAM_free(list)
        OSSL_PARAM_BLD_free(builder)
        for number in numbers { BN_clear_free(number) }
    }
}
