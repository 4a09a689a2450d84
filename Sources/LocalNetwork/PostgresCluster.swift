import Foundation
public import Postgres
import Synchronization

/// Why the private PostgreSQL does not run.
public enum PostgresClusterError: Error, Sendable {
    /// No server programs on this machine.
    case notInstalled
    /// Started as root, and the machine has no user `postgres` to run as: the server refuses root.
    case noUnprivilegedUser
    /// The user the server runs as cannot reach the state folder, because this parent folder is closed to it.
    case folderNotReachable(String)
    /// Another server runs on the same data.
    case alreadyRunning(pid: Int32)
    /// A file or folder could not be made.
    case cannotWrite(String)
    /// `initdb` failed; its words are in the log.
    case initialisationFailed(log: String)
    /// The server ended while it started; its words are in the log.
    case serverEnded(ProcessExit, log: String)
    /// The server was not ready in time.
    case notReady(PostgresError?, log: String)
    /// The server's process did not start.
    case cannotStart(ProcessError)
}

/// After a server was killed, its sessions outlive it for a moment, and a new one refuses to start beside them.
private let startAttempts = 5

/// A PostgreSQL server of this network's own: its data in a folder, its socket in another that only its user can enter,
/// every session by password.
public final class PostgresCluster: Sendable {
    /// The user the server runs as, and its superuser.
    static let superuser = "postgres"

    let folders: ClusterFolders
    let password: String
    let tcpPort: Int?
    private let start: ServerStart
    private let current: Mutex<ChildProcess>

    private init(folders: ClusterFolders, password: String, start: ServerStart, server: ChildProcess) {
        self.folders = folders
        self.password = password
        self.start = start
        tcpPort = start.tcpPort
        current = Mutex(server)
    }

    /// Starts the server on this state folder, which it makes at the first start, and waits until it answers.
    ///
    /// - Parameters:
    ///   - folder: an absolute path; the data of an earlier start is used again.
    ///   - tcpPort: a port on 127.0.0.1 beside the Unix socket; nil for none.
    ///   - isDurable: false trades safety against power cuts for speed, for tests.
    public static func start(
        folder: String, tcpPort: Int? = nil, isDurable: Bool = true, readyWithin limit: Duration = .seconds(60)
    ) async throws(PostgresClusterError) -> PostgresCluster {
        guard let installation = PostgresInstallation.find() else { throw .notInstalled }
        let account = try serverAccount()
        let folders = try ClusterFolders.prepare(folder, account: account)
        let password = try await initialiseIfNeeded(folders, installation, account)
        let start = ServerStart(
            folders: folders, installation: installation, account: account, tcpPort: tcpPort, isDurable: isDurable)
        let server = try await start.launch()
        let cluster = PostgresCluster(folders: folders, password: password, start: start, server: server)
        try await cluster.waitUntilReady(within: limit)
        return cluster
    }

    /// Starts the server again after it ended without having been asked to, and waits until it answers.
    public func restart(readyWithin limit: Duration = .seconds(60)) async throws(PostgresClusterError) {
        try await relaunch()
        try await waitUntilReady(within: limit)
    }

    private func relaunch() async throws(PostgresClusterError) {
        folders.killOrphans(of: server.pid)
        let server = try await start.launch()
        current.withLock { $0 = server }
    }

    /// Ends the server: sessions are cut, data is written ("fast shutdown").
    public func stop() async {
        await server.stop(signal: SIGINT, grace: .seconds(30))
        folders.removeSocketFolder()
    }

    /// The server's process id.
    public var pid: Int32 { server.pid }

    /// Waits for the server's end, asked for or not.
    public func waitForExit() async -> ProcessExit { await server.waitForExit() }

    /// Waits for the server's end; nil when the calling task is cancelled first.
    func exitUnlessCancelled() async -> ProcessExit? { await server.exitUnlessCancelled() }

    /// Settings for the superuser, over the Unix socket.
    public func administratorConfiguration(database: String = "postgres") -> PostgresConfiguration {
        configuration(database: database, user: Self.superuser, password: password)
    }

    /// Settings for a role, over the Unix socket.
    public func configuration(database: String, user: String, password: String) -> PostgresConfiguration {
        PostgresConfiguration(
            host: folders.socket, port: tcpPort ?? ServerStart.defaultPort, database: database, user: user,
            password: password)
    }

    private var server: ChildProcess { current.withLock(\.self) }

    /// Waits until the server answers; one that ends meanwhile is started again a few times.
    private func waitUntilReady(within limit: Duration) async throws(PostgresClusterError) {
        var attempt = 1
        while true {
            do {
                return try await waitUntilAnswering(within: limit)
            } catch {
                await stop()
                guard case .serverEnded = error, attempt < startAttempts else { throw error }
                attempt += 1
                try? await Task.sleep(for: .milliseconds(300))
            }
            try await relaunch()
        }
    }

    private func waitUntilAnswering(within limit: Duration) async throws(PostgresClusterError) {
        let deadline = ContinuousClock.now + limit
        var lastError: PostgresError?
        while ContinuousClock.now < deadline, !Task.isCancelled {
            if let exit = server.exit { throw .serverEnded(exit, log: folders.log) }
            do {
                let connection = try await PostgresConnection.connect(administratorConfiguration())
                await connection.close()
                return
            } catch {
                lastError = error
                guard error.isRetryable else { break }
            }
            // The server offers nothing to wait on but its socket: ask again.
            try? await Task.sleep(for: .milliseconds(20))
        }
        throw .notReady(lastError, log: folders.log)
    }

    private static func serverAccount() throws(PostgresClusterError) -> UserAccount? {
        guard geteuid() == 0 else { return nil }
        guard let account = UserAccount(named: superuser) else { throw .noUnprivilegedUser }
        return account
    }

    /// The superuser's password; `initdb` is run where there is no data yet.
    private static func initialiseIfNeeded(
        _ folders: ClusterFolders, _ installation: PostgresInstallation, _ account: UserAccount?
    ) async throws(PostgresClusterError) -> String {
        if let password = folders.initialisedPassword() { return password }
        let password = try folders.writeNewPassword()
        var initdb = ProcessSpecification(
            name: "initdb", executable: "\(installation.binaryFolder)/initdb",
            arguments: [
                "--pgdata", folders.data, "--username", superuser, "--pwfile", folders.passwordFile,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions", "--no-sync",
            ],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C"], logFile: folders.log, account: account)
        initdb.parentDeathSignal = .kill
        let exit: ProcessExit
        do {
            exit = try await ChildProcess.start(initdb).waitForExit()
        } catch {
            throw .cannotStart(error)
        }
        guard exit == .exited(0) else { throw .initialisationFailed(log: folders.log) }
        try folders.markInitialised()
        return password
    }
}
