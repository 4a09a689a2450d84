/// How a private PostgreSQL's server process is started, the first time and after a crash.
struct ServerStart {
    let folders: ClusterFolders
    let installation: PostgresInstallation
    let account: UserAccount?
    let tcpPort: Int?
    let isDurable: Bool

    /// Without a TCP port this is only a part of the socket's name.
    static let defaultPort = 5432

    func launch() async throws(PostgresClusterError) -> ChildProcess {
        try folders.makeReady()
        var settings = [
            "unix_socket_directories": folders.socket, "unix_socket_permissions": "0700",
            "listen_addresses": tcpPort == nil ? "" : "127.0.0.1", "logging_collector": "off",
            "log_min_error_statement": "panic",
            "log_line_prefix": "%m [%p] %e ", "password_encryption": "scram-sha-256",
            "port": String(tcpPort ?? Self.defaultPort),
        ]
        if !isDurable {
            for name in ["fsync", "synchronous_commit", "full_page_writes"] { settings[name] = "off" }
        }
        var server = ProcessSpecification(
            name: "postgres", executable: "\(installation.binaryFolder)/postgres",
            arguments: ["-D", folders.data]
                + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] },
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], logFile: folders.log, workingFolder: folders.data,
            account: account)
        // The fast shutdown, should this process die without having stopped it.
        server.parentDeathSignal = .interrupt
        do {
            return try await ChildProcess.start(server)
        } catch {
            throw .cannotStart(error)
        }
    }
}
