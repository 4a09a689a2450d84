import CSodium

/// HMAC-SHA256 (RFC 2104), used as a pseudo-random function of a node's secret.
public enum HMACSHA256 {
    /// The size of a tag in bytes.
    public static let byteCount = 32

    /// The tag of `message` under `key`, 32 bytes; any key length.
    public static func authenticate(_ message: [UInt8], key: SecretBytes) -> [UInt8] {
        Sodium.require()
        return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            compute(message, key: key, into: buffer.baseAddress!)
            count = byteCount
        }
    }

    /// The same output as a secret: for deriving one key from another.
    public static func derive(_ message: [UInt8], key: SecretBytes) -> SecretBytes {
        SecretBytes(count: byteCount) { buffer in
            compute(message, key: key, into: buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    private static func compute(_ message: [UInt8], key: SecretBytes, into output: UnsafeMutablePointer<UInt8>) {
        var state = crypto_auth_hmacsha256_state()
        key.withPointer { _ = crypto_auth_hmacsha256_init(&state, $0, key.count) }
        _ = crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
        _ = crypto_auth_hmacsha256_final(&state, output)
        // The inner and outer states are as good as the key.
        withUnsafeMutableBytes(of: &state) { sodium_memzero($0.baseAddress, $0.count) }
    }
}
