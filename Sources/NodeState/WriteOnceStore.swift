public import Canonical
import Cryptography
import Foundation

/// A durable table in which each key gets one value for ever.
public protocol WriteOnceTable: Sendable {
    /// Records `value` for `key` unless the key has one already, and gives the value that is there.
    func record(_ value: Digest, for key: Digest) throws(StateError) -> Digest
    /// The value recorded for `key`; nil if there is none.
    func value(for key: Digest) throws(StateError) -> Digest?
}

/// A durable table in a folder in which each key gets one value for ever: what a node must never contradict.
///
/// One file a key, so that memory does not grow with the table. A value counts as recorded only once the file and its
/// folder are on the disk; of two writers one wins, whatever process they are in.
public struct WriteOnceStore: WriteOnceTable {
    private let folder: String

    /// Opens the table in `folder`, which is created with mode 0700 if it is not there. Refuses one that others may
    /// write to.
    public init(folder: String) throws(StateError) {
        self.folder = folder
        try StateFile.openFolder(folder)
        // All of them at once: a record must not wait for somebody else to put the name of its folder on the disk.
        for byte in UInt8.min...UInt8.max {
            let path = "\(folder)/\(Hexadecimal.encode([byte]))"
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw StateError.cannotWrite(path, errno) }
        }
        try StateFile.synchronizeFolder(folder)
    }

    /// Records `value` for `key` unless the key has one already.
    ///
    /// - Returns: the value on disk: `value`, or the one that was there first.
    public func record(_ value: Digest, for key: Digest) throws(StateError) -> Digest {
        let path = path(of: key)
        if try self.value(for: key) == nil {
            let temporary = StateFile.temporaryName(beside: path)
            try StateFile.create(temporary, Array((value.hex + "\n").utf8))
            defer { unlink(temporary) }
            // link(2) fails when the name exists, which makes the first writer the only one.
            if link(temporary, path) != 0, errno != EEXIST { throw StateError.cannotWrite(path, errno) }
        }
        // Also for a value that was there: whoever wrote it may have died, or not yet come, before this.
        try StateFile.synchronizeFolder(StateFile.folder(of: path))
        guard let recorded = try self.value(for: key) else { throw StateError.damaged(path) }
        return recorded
    }

    /// The value recorded for `key`; nil if there is none. Only ``record(_:for:)`` says that it is on the disk.
    public func value(for key: Digest) throws(StateError) -> Digest? {
        let path = path(of: key)
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StateError.cannotRead(path, errno)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 66)
        let count = read(descriptor, &bytes, bytes.count)
        guard count == 65, bytes[64] == 0x0A, let value = Digest(hex: String(decoding: bytes[..<64], as: UTF8.self))
        else { throw StateError.damaged(path) }
        return value
    }

    private func path(of key: Digest) -> String { "\(folder)/\(key.hex.prefix(2))/\(key.hex)" }
}
