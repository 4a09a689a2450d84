import CSodium

extension X25519.PublicKey {
    /// The key that encrypts to the holder of a signing key (the birational map of RFC 7748, section 4.1). A verification
    /// key is a point of prime order, so there is always one.
    public init(_ key: Ed25519.PublicKey) {
        Sodium.require()
        self.init(
            trusted: Octets32 { output in
                key.octets.withPointer { _ = crypto_sign_ed25519_pk_to_curve25519(output, $0) }
            })
    }
}

extension X25519.SecretKey {
    /// The key that opens what was encrypted to a signing key's holder.
    public convenience init(_ key: Ed25519.SigningKey) {
        self.init(
            checked: SecretBytes(count: 32) { buffer in
                let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
                // Seed ‖ public key, of which libsodium reads the seed only.
                key.withSecret { _ = crypto_sign_ed25519_sk_to_curve25519(output, $0) }
            })
    }
}
