import CSodium

extension X25519 {
    /// What sealing adds to the plaintext: the ephemeral key and the tag, in bytes.
    public static let sealingOverhead = 48

    /// Encrypts to `recipient`: ephemeral key (32) ‖ XChaCha20-Poly1305 ciphertext and tag.
    ///
    /// Key and nonce are BLAKE2b-512(key: agreed point; length-prefixed context ‖ ephemeral key ‖ recipient's key), so
    /// they never repeat as long as the ephemeral key does not. The sender is *not* authenticated: sign what carries
    /// this. `associated` is bound, not carried. Randomness that repeats gives the same bytes for the same input.
    /// Throws ``CryptographyError/weakPublicKey``.
    public static func seal(
        _ plaintext: SecretBytes, to recipient: PublicKey, context: String, associated: [UInt8],
        randomness: inout some SecretRandomness
    ) throws(CryptographyError) -> [UInt8] {
        let ephemeral = SecretKey(checked: randomness.secret(count: 32))
        let key = try messageKey(
            agreed: ephemeral.agree(with: recipient), context: context, ephemeral: ephemeral.publicKey,
            recipient: recipient)
        return ephemeral.publicKey.bytes + AuthenticatedCipher.seal(plaintext, key: key, associated: associated)
    }

    /// ``seal(_:to:context:associated:randomness:)`` with the system's randomness.
    public static func seal(
        _ plaintext: SecretBytes, to recipient: PublicKey, context: String, associated: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        var randomness = SystemRandomness()
        return try seal(plaintext, to: recipient, context: context, associated: associated, randomness: &randomness)
    }

    /// Decrypts what ``seal(_:to:context:associated:randomness:)`` made for this key, context and associated data.
    /// Throws ``CryptographyError/authenticationFailed`` or ``CryptographyError/weakPublicKey``.
    public static func open(
        _ sealed: [UInt8], with secretKey: SecretKey, context: String, associated: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        guard sealed.count >= sealingOverhead, let ephemeral = PublicKey(bytes: [UInt8](sealed[..<32])) else {
            throw .authenticationFailed
        }
        let key = try messageKey(
            agreed: secretKey.agree(with: ephemeral), context: context, ephemeral: ephemeral,
            recipient: secretKey.publicKey)
        return try AuthenticatedCipher.open([UInt8](sealed[32...]), key: key, associated: associated)
    }

    private static func messageKey(
        agreed: SecretBytes, context: String, ephemeral: PublicKey, recipient: PublicKey
    ) throws(CryptographyError) -> AuthenticatedCipher.Key {
        let name = [UInt8](context.utf8)
        let length = withUnsafeBytes(of: UInt64(name.count).bigEndian) { [UInt8]($0) }
        let input = length + name + ephemeral.bytes + recipient.bytes
        return AuthenticatedCipher.Key(
            SecretBytes(count: AuthenticatedCipher.Key.byteCount) { buffer in
                let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
                agreed.withPointer {
                    _ = crypto_generichash(output, buffer.count, input, UInt64(input.count), $0, agreed.count)
                }
            })
    }
}
