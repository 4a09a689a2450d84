import Foundation
import Glibc

/// The files of a private PostgreSQL: made for, and closed to all but, the user the server runs as.
struct ClusterFolders {
    let data: String
    let socket: String
    let log: String
    let passwordFile: String
    private let marker: String
    private let account: UserAccount?

    /// "Unix-domain socket path is too long (maximum 107 bytes)"; the folder leaves room for `/.s.PGSQL.65535`.
    private static let longestSocketFolder = 107 - 16

    /// Makes the folders below an absolute path.
    static func prepare(_ folder: String, account: UserAccount?) throws(PostgresClusterError) -> ClusterFolders {
        precondition(folder.hasPrefix("/"), "the state folder's path must be absolute")
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(folder)
        }
        let folders = ClusterFolders(folder, account: account)
        try folders.makePrivate(folder)
        if let account, let closed = closedAncestor(of: folder, to: account) { throw .folderNotReachable(closed) }
        return folders
    }

    private init(_ folder: String, account: UserAccount?) {
        data = "\(folder)/data"
        log = "\(folder)/postgres.log"
        passwordFile = "\(folder)/superuser-password"
        marker = "\(folder)/initialised"
        self.account = account
        let near = "\(folder)/socket"
        socket = near.utf8.count <= Self.longestSocketFolder ? near : "/tmp/dna-\(getuid())-\(pathDigest(folder))"
    }

    /// The superuser's password, if `initdb` once finished here.
    func initialisedPassword() -> String? {
        guard FileManager.default.fileExists(atPath: marker) else { return nil }
        return try? String(contentsOfFile: passwordFile, encoding: .utf8)
    }

    /// A new password in its file, and no remains of an `initdb` that was interrupted.
    func writeNewPassword() throws(PostgresClusterError) -> String {
        let password = PostgresCluster.randomPassword()
        try? FileManager.default.removeItem(atPath: data)
        try write(password, to: passwordFile)
        return password
    }

    func markInitialised() throws(PostgresClusterError) { try write("1\n", to: marker) }

    /// What a server needs before each start: a folder for its socket, and no lock that only looks like another's.
    func makeReady() throws(PostgresClusterError) {
        try makePrivate(socket)
        try clearStaleLock()
    }

    func removeSocketFolder() { try? FileManager.default.removeItem(atPath: socket) }

    /// The server itself copes with the lock file of a dead process. It refuses to start when the number has gone to
    /// another process of the same user, as happens after a machine's or a container's restart.
    private func clearStaleLock() throws(PostgresClusterError) {
        guard let pid = lockHolder, kill(pid, 0) == 0 else { return }
        if worksHere(pid) { throw .alreadyRunning(pid: pid) }
        unlink(lock)
    }

    /// Kills what a server that is dead has left behind. Its sessions and helpers end by themselves, but not all at once:
    /// one that recovers the data waits a minute for a checkpoint by another that has gone. No server starts beside them.
    func killOrphans(of server: Int32) {
        guard lockHolder == server else { return }
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        for pid in numbers where worksHere(pid) && link(pid, "exe")?.hasSuffix("/postgres") == true {
            kill(pid, SIGKILL)
        }
    }

    private var lock: String { "\(data)/postmaster.pid" }

    /// The server whose lock lies on the data, alive or not.
    private var lockHolder: Int32? {
        let text = try? String(contentsOfFile: lock, encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Every server process works in its data folder.
    private func worksHere(_ pid: Int32) -> Bool {
        let place = link(pid, "cwd")
        return place == data || place == URL(fileURLWithPath: data).resolvingSymlinksInPath().path
    }

    private func link(_ pid: Int32, _ name: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/\(name)")
    }

    /// A folder of the server's user alone; refuses one that somebody else has made.
    private func makePrivate(_ folder: String) throws(PostgresClusterError) {
        let owner = account?.user ?? geteuid()
        mkdir(folder, 0o700)
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == owner || status.st_uid == geteuid(), chmod(folder, 0o700) == 0
        else { throw .cannotWrite(folder) }
        try giveAway(folder)
    }

    private func write(_ text: String, to path: String) throws(PostgresClusterError) {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotWrite(path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw .cannotWrite(path)
        }
        try giveAway(path)
    }

    private func giveAway(_ path: String) throws(PostgresClusterError) {
        guard let account else { return }
        guard lchown(path, account.user, account.group) == 0 else { throw .cannotWrite(path) }
    }
}

/// The first folder on the way to `path` that the account may not pass through.
private func closedAncestor(of path: String, to account: UserAccount) -> String? {
    var current = ""
    for part in path.split(separator: "/").dropLast() {
        current += "/\(part)"
        var status = stat()
        guard stat(current, &status) == 0 else { return current }
        let bit =
            status.st_uid == account.user ? S_IXUSR : status.st_gid == account.group ? S_IXGRP : S_IXOTH
        if status.st_mode & bit == 0 { return current }
    }
    return nil
}

/// FNV-1a: tells state folders apart, protects nothing.
private func pathDigest(_ path: String) -> String {
    String(path.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
}
