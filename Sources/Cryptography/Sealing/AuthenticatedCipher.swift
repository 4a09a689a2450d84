import CSodium

/// XChaCha20-Poly1305 in the IETF construction.
enum AuthenticatedCipher {
    static let tagByteCount = 16
    static let nonceByteCount = 24

    /// A key with the one nonce it may be used with.
    struct Key {
        static let byteCount = 32 + nonceByteCount
        let material: SecretBytes

        /// `material`: key (32) ‖ nonce (24).
        init(_ material: SecretBytes) {
            precondition(material.count == Self.byteCount, "a key with its nonce has 56 bytes")
            self.material = material
        }
    }

    /// Ciphertext ‖ tag.
    static func seal(_ plaintext: SecretBytes, key: Key, associated: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: plaintext.count + tagByteCount)
        key.material.withPointer { key in
            plaintext.withPointer { plain in
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                    &output, nil, plain, UInt64(plaintext.count), associated, UInt64(associated.count), nil, key + 32,
                    key)
            }
        }
        return output
    }

    static func open(
        _ sealed: [UInt8], key: Key, associated: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        guard sealed.count >= tagByteCount else { throw .authenticationFailed }
        return try SecretBytes(count: sealed.count - tagByteCount) { (buffer) throws(CryptographyError) in
            let status = key.material.withPointer { key in
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    buffer.baseAddress!.assumingMemoryBound(to: UInt8.self), nil, nil, sealed, UInt64(sealed.count),
                    associated, UInt64(associated.count), key + 32, key)
            }
            guard status == 0 else { throw .authenticationFailed }
        }
    }
}
