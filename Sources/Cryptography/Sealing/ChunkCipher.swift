import CSodium

/// Encrypts one stream, such as a file, in chunks (XChaCha20-Poly1305; the STREAM construction of Hoang, Reyhanitabar, Rogaway
/// and Vizár, 2015).
///
/// A chunk's nonce says its place and whether it is the last, and the key belongs to the stream's name: chunks that were
/// left out, exchanged, repeated, cut off or taken from another stream do not open.
public struct ChunkCipher: Sendable {
    /// What a chunk grows by.
    public static let overhead = 16
    /// Bytes of the key that all streams share.
    public static let keyByteCount = 32

    private let key: SecretBytes

    /// - Parameters:
    ///   - key: 32 random bytes, used for one set of streams only.
    ///   - context: what the streams are.
    ///   - name: tells this stream from the others of the set.
    ///
    /// Throws ``CryptographyError/wrongLength(expected:actual:)``.
    public init(key: SecretBytes, context: String, name: String) throws(CryptographyError) {
        guard key.count == Self.keyByteCount else {
            throw .wrongLength(expected: Self.keyByteCount, actual: key.count)
        }
        let length = withUnsafeBytes(of: UInt64(context.utf8.count).bigEndian) { [UInt8]($0) }
        let input = length + Array(context.utf8) + Array(name.utf8)
        self.key = SecretBytes(count: 32) { buffer in
            let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
            key.withPointer {
                _ = crypto_generichash(output, buffer.count, input, UInt64(input.count), $0, key.count)
            }
        }
    }

    /// 24 bytes: zeros, the place in big-endian, and 1 for the last.
    private static func nonce(_ index: UInt64, _ isLast: Bool) -> [UInt8] {
        [UInt8](repeating: 0, count: 15) + withUnsafeBytes(of: index.bigEndian) { [UInt8]($0) } + [isLast ? 1 : 0]
    }

    /// Encrypts a chunk into a buffer that is ``overhead`` bytes longer.
    public func seal(
        _ plaintext: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) {
        precondition(output.count == plaintext.count + Self.overhead, "a chunk grows by its tag")
        let nonce = Self.nonce(index, isLast)
        key.withPointer { key in
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                output.baseAddress!.assumingMemoryBound(to: UInt8.self), nil,
                plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(plaintext.count), nil, 0, nil, nonce,
                key)
        }
    }

    /// Decrypts a chunk into a buffer that is ``overhead`` bytes shorter. Throws
    /// ``CryptographyError/authenticationFailed``; then the buffer holds nothing.
    public func open(
        _ sealed: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) {
        guard sealed.count >= Self.overhead, output.count == sealed.count - Self.overhead else {
            throw .authenticationFailed
        }
        let nonce = Self.nonce(index, isLast)
        let status = key.withPointer { key in
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil,
                sealed.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt64(sealed.count), nil, 0, nonce, key)
        }
        guard status == 0 else { throw .authenticationFailed }
    }
}
