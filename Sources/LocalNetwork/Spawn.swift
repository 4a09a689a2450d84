import Glibc

/// Starts a process through `setpriv`, which sets the account and the parent's-death signal and then becomes the
/// executable, under the same process id.
func spawn(_ specification: ProcessSpecification) -> Result<Int32, ProcessError> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let log = specification.logFile ?? "/dev/null"
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    // Whatever else is open here, marked or not, stays here.
    guard let closeFrom = spawnExtensions.closeFrom, let changeFolder = spawnExtensions.changeFolder else {
        return .failure(.cannotStart(name: specification.name, errno: ENOSYS))
    }
    _ = closeFrom(&actions, STDERR_FILENO + 1)
    if let folder = specification.workingFolder { _ = changeFolder(&actions, folder) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let command = commandLine(specification)
    let environment = specification.environment.map { "\($0.key)=\($0.value)" }
    var pid: pid_t = 0
    let status = withCStrings(command) { arguments in
        withCStrings(environment) { posix_spawn(&pid, command[0], &actions, &attributes, arguments, $0) }
    }
    return status == 0 ? .success(pid) : .failure(.cannotStart(name: specification.name, errno: status))
}

private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
private typealias ChangeFolder =
    @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> CInt

/// glibc 2.34 has these, but declares them under `_GNU_SOURCE` alone, which Swift's Glibc module does not set.
private let spawnExtensions: (closeFrom: CloseFrom?, changeFolder: ChangeFolder?) = (
    dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map { unsafeBitCast($0, to: CloseFrom.self) },
    dlsym(nil, "posix_spawn_file_actions_addchdir_np").map { unsafeBitCast($0, to: ChangeFolder.self) }
)

private func commandLine(_ specification: ProcessSpecification) -> [String] {
    var command = ["/usr/bin/setpriv", "--pdeathsig", specification.parentDeathSignal.rawValue]
    if let account = specification.account, geteuid() == 0 {
        command += ["--reuid", String(account.user), "--regid", String(account.group), "--clear-groups"]
    }
    return command + ["--", specification.executable] + specification.arguments
}

private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    return body(pointers + [nil])
}

/// A user of this machine.
public struct UserAccount: Sendable, Hashable {
    /// The user's id.
    public let user: UInt32
    /// The user's main group.
    public let group: UInt32

    /// Looks a user up; nil when there is none of this name.
    public init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        user = entry.pointee.pw_uid
        group = entry.pointee.pw_gid
    }
}
