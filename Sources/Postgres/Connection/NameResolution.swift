import Glibc

/// One address to try; `address` is empty for a Unix socket.
struct ConnectionTarget: Equatable {
    let host: String
    let address: String
    let port: String
}

extension PostgresConfiguration {
    /// Resolves host names with a deadline, which libpq does not do ("connect_timeout" starts after the look-up).
    /// Empty when libpq needs no help: Unix sockets, numeric addresses, its own defaults.
    func resolveTargets(by deadline: ContinuousClock.Instant) throws(PostgresError) -> [ConnectionTarget] {
        guard let host = settings["host"], settings["hostaddr"] == nil else { return [] }
        let hosts = host.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard hosts.contains(where: { !$0.isEmpty && !$0.hasPrefix("/") }) else { return [] }
        let ports = (settings["port"] ?? "5432").split(separator: ",").map(String.init)
        guard ports.count == 1 || ports.count == hosts.count else { throw .configurationInvalid }
        var targets: [ConnectionTarget] = []
        for (index, host) in hosts.enumerated() {
            let port = ports.count == 1 ? ports[0] : ports[index]
            let addresses = host.isEmpty || host.hasPrefix("/") ? [""] : try resolve(host, by: deadline)
            targets += addresses.map { ConnectionTarget(host: host, address: $0, port: port) }
        }
        guard !targets.isEmpty else { throw .hostNotFound }
        return targets
    }
}

/// A name's addresses, none when it is unknown.
private func resolve(_ name: String, by deadline: ContinuousClock.Instant) throws(PostgresError) -> [String] {
    let call = try BlockingCall { lookUp(name) }
    guard let addresses = call.value(by: deadline) else { throw .deadlineExceeded }
    return addresses
}

private func lookUp(_ name: String) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry in
        guard let info = entry?.pointee else { return nil }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(
            info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
