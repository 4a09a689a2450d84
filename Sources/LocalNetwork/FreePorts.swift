import Glibc

/// Loopback ports nobody listens on at the moment.
enum FreePorts {
    /// `count` different ports; fewer when the system has none left.
    static func pick(_ count: Int) -> [Int] {
        // All are held open until the last is found, so that they differ.
        let sockets = (0..<count).compactMap { _ in bindAny() }
        defer { for entry in sockets { close(entry.descriptor) } }
        return sockets.map(\.port)
    }

    private static func bindAny() -> (descriptor: Int32, port: Int)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard status else {
            close(descriptor)
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
