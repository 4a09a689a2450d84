import COpenSSL

/// OpenSSL reads and writes PEM through its own streams.
enum PEMText {
    /// Lends `text` as a stream.
    static func withReader<R>(_ text: String, _ body: (OpaquePointer?) -> R) -> R {
        var text = text
        return text.withUTF8 { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress ?? UnsafePointer(bitPattern: 1), Int32(bytes.count))
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    /// What `body` wrote; nil when it failed.
    static func write(_ body: (OpaquePointer?) -> Int32) -> String? {
        // In secure memory, if the process has any: what is written may be a key.
        let bio = BIO_new(BIO_s_secmem())
        defer { BIO_free(bio) }
        guard body(bio) == 1 else { return nil }
        var start: UnsafePointer<UInt8>?
        let count = dna_BIO_get_mem_data(bio, &start)
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
