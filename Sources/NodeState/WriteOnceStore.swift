public import Canonical
import Cryptography
import Foundation

/// A durable table in a folder in which each key gets one value for ever: what a node must never contradict.
///
/// One file a key, so that memory does not grow with the table. A value counts as recorded only once the file and its
/// folder are on the disk; of two writers one wins, whatever process they are in.
public struct WriteOnceStore: Sendable {
    private let folder: String

    /// Opens the table in `folder`, which is created with mode 0700 if it is not there.
    public init(folder: String) throws(StateError) {
        self.folder = folder
        _ = try Self.makeFolder(folder)
    }

    /// Records `value` for `key` unless the key has one already.
    ///
    /// - Returns: the value on disk: `value`, or the one that was there first.
    public func record(_ value: Digest, for key: Digest) throws(StateError) -> Digest {
        if let present = try self.value(for: key) { return present }
        let parent = folder + "/" + key.hex.prefix(2)
        if try Self.makeFolder(parent) { try Self.synchronizeFolder(folder) }
        let temporary = parent + "/.new-" + Digest.of("dna/temporary/1", SystemRandom.bytes(count: 16)).hex
        try Self.write(value, to: temporary)
        defer { unlink(temporary) }
        // link(2) fails when the name exists, which makes the first writer the only one.
        if link(temporary, path(of: key)) != 0, errno != EEXIST { throw StateError.cannotWrite(path(of: key), errno) }
        try Self.synchronizeFolder(parent)
        guard let recorded = try self.value(for: key) else { throw StateError.damaged(path(of: key)) }
        return recorded
    }

    /// The value recorded for `key`; nil if there is none.
    public func value(for key: Digest) throws(StateError) -> Digest? {
        let path = path(of: key)
        guard let file = fopen(path, "re") else {
            if errno == ENOENT { return nil }
            throw StateError.cannotRead(path, errno)
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 66)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count == 65, bytes[64] == 0x0A, let value = Digest(hex: String(decoding: bytes[..<64], as: UTF8.self))
        else { throw StateError.damaged(path) }
        return value
    }

    private func path(of key: Digest) -> String { "\(folder)/\(key.hex.prefix(2))/\(key.hex)" }

    /// Whether the folder is new.
    private static func makeFolder(_ path: String) throws(StateError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw StateError.cannotWrite(path, errno) }
        return false
    }

    private static func write(_ value: Digest, to path: String) throws(StateError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(descriptor) }
        let bytes = Array((value.hex + "\n").utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw StateError.cannotWrite(path, errno)
        }
    }

    private static func synchronizeFolder(_ path: String) throws(StateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StateError.cannotWrite(path, errno) }
    }
}
