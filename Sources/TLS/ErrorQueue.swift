import COpenSSL

/// OpenSSL's queue of errors, which each thread has one of. `SSL_get_error(3)`: it must be empty before the call whose
/// result is looked at, or an old error is taken for a new one.
enum ErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    /// The reason of the oldest error, and an empty queue.
    static func reason() -> String {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0, let text = ERR_reason_error_string(code) else { return "unknown reason" }
        return String(cString: text)
    }
}
