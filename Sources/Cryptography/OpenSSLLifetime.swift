import COpenSSL

/// How long OpenSSL lives in this process.
public enum OpenSSLLifetime {
    /// Keeps OpenSSL until the process is gone; called before anything else uses it.
    ///
    /// Otherwise OpenSSL frees its tables when `main` returns, and a thread of an event loop that ends a moment later
    /// crashes in them.
    public static func lastsUntilExit() {
        let done = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
        precondition(done == 1, "OpenSSL cannot be initialised")
    }
}
