import Foundation
import Glibc

/// Loopback ports nobody listens on at the moment.
package enum FreePorts {
    /// `count` different ports; fewer when the system has none left.
    ///
    /// They lie outside the range the system takes for outgoing connections. A port inside it could be gone when its
    /// service comes back after a crash: to some connection's near end, even to one that tries to reach the dead service
    /// and, with the same number at both ends, finds itself.
    package static func pick(_ count: Int) -> [Int] {
        // All are held open until the last is found, so that they differ.
        var sockets: [(descriptor: Int32, port: Int)] = []
        defer { for entry in sockets { close(entry.descriptor) } }
        for candidate in candidates().shuffled() where sockets.count < count {
            if let descriptor = listen(on: candidate) { sockets.append((descriptor, candidate)) }
        }
        return sockets.map(\.port)
    }

    /// The larger of the two unprivileged ranges that are not the system's own.
    package static func candidates(
        outgoing text: String? = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
    ) -> Range<Int> {
        let all = 10_000..<65_536
        let bounds = text?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
        guard bounds.count == 2 else { return all }
        let below = all.lowerBound..<max(all.lowerBound, min(bounds[0], all.upperBound))
        let above = min(max(bounds[1] + 1, all.lowerBound), all.upperBound)..<all.upperBound
        let larger = below.count >= above.count ? below : above
        return larger.isEmpty ? all : larger
    }

    private static func listen(on port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
