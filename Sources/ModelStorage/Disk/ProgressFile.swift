import ContentAddressing
import Glibc
import Synchronization

/// Which pieces of a download have been written: a line that says of what, then a bit for each. A bit is a hint: whoever goes
/// on hashes those pieces again.
final class ProgressFile: Sendable {
    private static let titleBytes = 128

    private let path: String
    private let descriptor: Int32
    private let bits: Mutex<[UInt8]>

    /// Opens the file when it is about this download; begins it otherwise, and says so.
    init(_ path: String, root: CID, count: Int) throws(StorageError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
        var title = Array("dna-fetch 1 \(root) \(count)\n".utf8)
        title += [UInt8](repeating: 0, count: Self.titleBytes - title.count)
        var found = [UInt8](repeating: 0, count: Self.titleBytes + (count + 7) / 8)
        let length = pread(descriptor, &found, found.count, 0)
        if length == found.count, found.starts(with: title) {
            bits = Mutex(Array(found[Self.titleBytes...]))
        } else {
            let empty = [UInt8](repeating: 0, count: (count + 7) / 8)
            bits = Mutex(empty)
            let fresh = title + empty
            guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, fresh, fresh.count, 0) == fresh.count else {
                throw .disk(path: path, reason: lastError())
            }
        }
    }

    deinit { close(descriptor) }

    func isDone(_ piece: Int) -> Bool { bits.withLock { $0[piece / 8] & 1 << UInt8(piece % 8) != 0 } }

    func set(_ piece: Int, done: Bool) throws(StorageError) {
        let isWritten = bits.withLock { bits in
            let mask: UInt8 = 1 << UInt8(piece % 8)
            if done { bits[piece / 8] |= mask } else { bits[piece / 8] &= ~mask }
            return pwrite(descriptor, &bits[piece / 8], 1, off_t(Self.titleBytes + piece / 8)) == 1
        }
        guard isWritten else { throw .disk(path: path, reason: lastError()) }
    }
}
