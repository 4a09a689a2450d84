import Glibc

/// Files for this user's eyes only.
enum PrivateFile {
    /// Temporary file, fsync, rename, fsync of the folder: after a crash the old file or the new one is there, whole.
    /// Unless it may replace the old one, it fails with `EEXIST` when there is any.
    static func write(_ bytes: [UInt8], to path: String, replacing: Bool) throws(SealedFileError) {
        let folder = folder(of: path)
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw failure("mkdir", folder) }
        try requirePrivate(folder)
        let suffix = Hexadecimal.encode(SystemRandom.bytes(count: 8))
        let temporary = "\(path).\(suffix).tmp"
        do throws(SealedFileError) {
            try create(temporary, bytes)
            if replacing {
                guard rename(temporary, path) == 0 else { throw failure("rename", temporary) }
            } else {
                guard link(temporary, path) == 0 else { throw failure("create", path) }
                unlink(temporary)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        try withDescriptor(of: folder, O_RDONLY | O_DIRECTORY) { (descriptor) throws(SealedFileError) in
            guard fsync(descriptor) == 0 else { throw failure("fsync", folder) }
        }
    }

    static func read(_ path: String, limit: Int) throws(SealedFileError) -> [UInt8] {
        try requirePrivate(folder(of: path))
        // Not through a symbolic link: the permissions checked are then those of what is read.
        return try withDescriptor(of: path, O_RDONLY | O_NOFOLLOW) { (descriptor) throws(SealedFileError) in
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure("fstat", path) }
            try requirePrivate(status, path)
            guard Int(status.st_size) <= limit else { throw .malformed }
            var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeMutableBytes {
                    Glibc.read(descriptor, $0.baseAddress! + done, $0.count - done)
                }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure("read", path) }
                guard count > 0 else { throw .malformed }
                done += count
            }
            return bytes
        }
    }

    private static func create(_ path: String, _ bytes: [UInt8]) throws(SealedFileError) {
        try withDescriptor(of: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) { (descriptor) throws(SealedFileError) in
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure("write", path) }
                done += count
            }
            guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
        }
    }

    private static func withDescriptor<R>(
        of path: String, _ flags: Int32, _ body: (Int32) throws(SealedFileError) -> R
    ) throws(SealedFileError) -> R {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    private static func requirePrivate(_ folder: String) throws(SealedFileError) {
        var status = stat()
        guard stat(folder, &status) == 0 else { throw failure("stat", folder) }
        try requirePrivate(status, folder)
    }

    private static func requirePrivate(_ status: stat, _ path: String) throws(SealedFileError) {
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else { throw .loosePermissions(path: path) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// To be called before anything else can change `errno`.
    private static func failure(_ operation: String, _ path: String) -> SealedFileError {
        .system(operation: operation, path: path, code: errno)
    }
}
