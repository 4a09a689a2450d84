import Cryptography
import Foundation

/// Writes of files and folders that hold after a crash: a name counts only once the folder it is in is on the disk.
enum StateFile {
    /// Creates `path` with these bytes, on the disk when this returns. Refuses a name that is taken, also by a link.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws(StateError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            // There is something left to write, so there is an address.
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StateError.cannotWrite(path, errno) }
            done += count
        }
        guard fsync(descriptor) == 0 else { throw StateError.cannotWrite(path, errno) }
    }

    /// A name beside `path` that nobody else uses or can guess.
    static func temporaryName(beside path: String) -> String {
        "\(path).\(Hexadecimal.encode(SystemRandom.bytes(count: 16))).new"
    }

    /// Creates a folder with mode 0700 unless it is there; its name is on the disk when this returns. Refuses one of
    /// another user, and one others may write to.
    static func openFolder(_ path: String) throws(StateError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw StateError.cannotWrite(path, errno) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw StateError.cannotRead(path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw StateError.damaged(path) }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else { throw StateError.writableByOthers(path) }
        try synchronizeFolder(folder(of: path))
    }

    /// Puts the names in a folder on the disk.
    static func synchronizeFolder(_ path: String) throws(StateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StateError.cannotWrite(path, errno) }
    }

    /// The folder that `path` is in.
    static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }
}
