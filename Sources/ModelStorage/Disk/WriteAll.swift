import Glibc

/// Writes all of `bytes` to `offset` and what follows, or, without one, where the file stands.
///
/// - Returns: false when the system refuses; `errno` says why.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int? = nil) -> Bool {
    var rest = bytes
    // What is not empty has an address.
    while let address = rest.baseAddress, !rest.isEmpty {
        let done = bytes.count - rest.count
        let count =
            if let offset {
                pwrite(descriptor, address, rest.count, off_t(offset + done))
            } else {
                write(descriptor, address, rest.count)
            }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
}
