import COpenSSL

/// A running OpenSSL digest: the one owner of an `EVP_MD_CTX`.
///
/// `@unchecked`: only ``SHA256``, ``SHA384`` and ``SHA512`` hold one, and they copy it before changing one that is shared.
final class DigestContext: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let algorithm: Algorithm

    init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        pointer = Self.allocate()
        Self.check(EVP_DigestInit_ex2(pointer, algorithm.pointer, nil))
    }

    private init(copying other: DigestContext) {
        algorithm = other.algorithm
        pointer = Self.allocate()
        Self.check(EVP_MD_CTX_copy_ex(pointer, other.pointer))
    }

    deinit {
        EVP_MD_CTX_free(pointer)
    }

    func copy() -> DigestContext {
        DigestContext(copying: self)
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        Self.check(EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count))
    }

    /// `EVP_DigestFinal_ex`: afterwards the context takes no more data, so the caller gives it up.
    func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.size) { buffer, count in
            Self.check(EVP_DigestFinal_ex(pointer, buffer.baseAddress, nil))
            count = algorithm.size
        }
    }

    func finish(into output: UnsafeMutablePointer<UInt8>) {
        Self.check(EVP_DigestFinal_ex(pointer, output, nil))
    }

    private static func allocate() -> OpaquePointer {
        guard let pointer = EVP_MD_CTX_new() else { preconditionFailure("out of memory for a digest") }
        return pointer
    }

    /// SHA-2 of a fetched algorithm fails only when memory is exhausted; there is nothing a caller could do.
    private static func check(_ result: CInt) {
        precondition(result == 1, "OpenSSL digest failed")
    }

    /// A fetched digest. `EVP_MD_fetch(3)`: explicit fetching once is much cheaper than the implicit fetch that
    /// `EVP_sha256()` causes in every initialisation.
    ///
    /// `@unchecked`: an `EVP_MD` is immutable and reference-counted by OpenSSL itself.
    struct Algorithm: @unchecked Sendable {
        let pointer: OpaquePointer
        let size: Int

        static let sha256 = Algorithm("SHA2-256", size: 32)
        static let sha384 = Algorithm("SHA2-384", size: 48)
        static let sha512 = Algorithm("SHA2-512", size: 64)

        private init(_ name: String, size: Int) {
            guard let fetched = EVP_MD_fetch(nil, name, nil) else {
                preconditionFailure("this OpenSSL has no \(name)")
            }
            pointer = fetched
            self.size = size
        }
    }
}
