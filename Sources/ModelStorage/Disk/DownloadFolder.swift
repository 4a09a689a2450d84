import ContentAddressing
import Foundation

/// Where a package grows: `NAME.partial` beside its place, which it takes in one step when it is whole.
struct DownloadFolder: Sendable {
    let destination: String
    private let work: String
    private let lock: FileLock
    private var content: String { Self.content(work) }
    var progressPath: String { work + "/progress" }

    /// Takes the place for this process.
    init(_ destination: String) throws(StorageError) {
        self.destination = destination
        work = Self.work(destination)
        guard !FileManager.default.fileExists(atPath: destination) else { throw .exists(path: destination) }
        try Self.create(work)
        lock = try FileLock(work + "/lock", for: destination)
    }

    private static func create(_ folder: String) throws(StorageError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .disk(path: folder, reason: error.localizedDescription)
        }
    }

    /// What the name of a download ends with until it is complete.
    static let unfinished = ".partial"

    private static func work(_ destination: String) -> String { destination + unfinished }
    private static func content(_ work: String) -> String { work + "/content" }

    /// The path of a file while it grows.
    func path(of file: String) -> String { file.isEmpty ? content : content + "/" + file }

    /// Makes folders and files of their full sizes, if they are not there.
    func layOut(_ files: [DAGFile], folders: [String], isFolder: Bool) throws(StorageError) {
        try Self.checkRoom(for: Int(clamping: files.reduce(0) { $0 + $1.size }), at: destination)
        if isFolder { try Self.create(content) }
        for folder in folders { try Self.create(content + "/" + folder) }
        for file in files {
            let path = path(of: file.path)
            let descriptor = try Self.open(path, O_RDWR | O_CREAT)
            defer { close(descriptor) }
            guard ftruncate(descriptor, off_t(file.size)) == 0 else { throw .disk(path: path, reason: lastError()) }
        }
    }

    /// Makes the content's folder, and removes what an earlier download has left there under other names.
    func begin(with names: [String]) throws(StorageError) {
        try Self.create(content)
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: content) where !names.contains(name) {
                try FileManager.default.removeItem(atPath: path(of: name))
            }
        } catch {
            throw .disk(path: content, reason: error.localizedDescription)
        }
    }

    /// Writes a small file.
    func replace(_ file: String, with bytes: [UInt8]) throws {
        let descriptor = try Self.open(path(of: file), O_WRONLY | O_CREAT | O_TRUNC)
        close(descriptor)
        try bytes.withUnsafeBytes { try write($0, to: file, at: 0) }
    }

    /// Refuses what the disk has no room for. What a download that was interrupted has taken is taken already.
    ///
    /// - Parameters:
    ///   - bytes: of everything there will be.
    ///   - destination: of a download that has been begun.
    static func checkRoom(for bytes: Int, at destination: String) throws(StorageError) {
        let work = work(destination)
        var disk = statvfs()
        guard statvfs(work, &disk) == 0 else { throw .disk(path: work, reason: lastError()) }
        let free = UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
        let needed = UInt64(max(0, bytes - CacheLayout.present(content(work))))
        guard needed <= free else { throw .noRoom(path: destination, needed: needed, free: free) }
    }

    private static func open(_ path: String, _ flags: Int32) throws(StorageError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
        return descriptor
    }

    func write(_ bytes: UnsafeRawBufferPointer, to file: String, at offset: UInt64) throws(StorageError) {
        let path = path(of: file)
        let descriptor = try Self.open(path, O_WRONLY)
        defer { close(descriptor) }
        guard writeAll(bytes, to: descriptor, at: Int(offset)) else { throw .disk(path: path, reason: lastError()) }
    }

    /// Reads bytes back; nil when the file is shorter.
    func read(_ file: String, at offset: UInt64, count: Int) throws(StorageError) -> [UInt8]? {
        let path = path(of: file)
        let descriptor = try Self.open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + done, count - done, off_t(offset) + off_t(done))
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw .disk(path: path, reason: lastError()) }
            if read == 0 { return nil }
            done += read
        }
        return bytes
    }

    /// Puts these files on the disk and the package in its place.
    func complete(_ files: [String]) throws(StorageError) {
        for file in files {
            let path = path(of: file)
            let descriptor = try Self.open(path, O_RDONLY)
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw .disk(path: path, reason: lastError()) }
        }
        guard rename(content, destination) == 0 else { throw .disk(path: destination, reason: lastError()) }
        try? FileManager.default.removeItem(atPath: work)
    }
}
