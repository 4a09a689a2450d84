import Arweave
import Canonical
import Foundation
import NodeState
import Synchronization

/// What must not be forgotten of an upload: which transactions are signed, and which chunks nodes have taken.
///
/// A folder with `upload.json`, replaced as a whole and on the disk before anything it says is done, and `chunks.log`, to
/// which chunks are added without waiting for the disk: one that is lost is sent again.
final class UploadJournal: Sendable {
    struct Record: Codable {
        struct Item: Codable {
            let name: String
            let size: Int
            /// Its JSON.
            let transaction: String
            /// The network takes it no more, and has not taken it.
            var is_expired: Bool
        }

        /// 1.
        let version: Int
        var items: [Item]
        var is_finished: Bool
    }

    let folder: String
    private let lock: Int32
    private let log: Mutex<Int32>

    /// Opens or makes the folder, for this process alone. Throws ``ArweaveUploadError/journalInUse(path:)`` or
    /// ``ArweaveUploadError/damagedJournal(path:reason:)``.
    init(folder: String) throws(ArweaveUploadError) {
        self.folder = folder
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw .damagedJournal(path: folder, reason: lastError())
        }
        lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        let chunks = open("\(folder)/chunks.log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        log = Mutex(chunks)
        guard lock >= 0, chunks >= 0 else {
            throw .damagedJournal(path: folder, reason: lastError())
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .journalInUse(path: folder) }
    }

    deinit {
        close(lock)
        log.withLock { _ = close($0) }
    }

    private var path: String { "\(folder)/upload.json" }

    /// What is recorded; nil for a new journal.
    func read() throws(ArweaveUploadError) -> Record? {
        do {
            guard let record = try JSONFile.readIfThere(Record.self, path: path) else { return nil }
            guard record.version == 1 else {
                throw ArweaveUploadError.damagedJournal(path: path, reason: "version \(record.version) is not known")
            }
            return record
        } catch {
            throw error as? ArweaveUploadError ?? .damagedJournal(path: path, reason: "\(error)")
        }
    }

    /// Replaces the record; it is on the disk when this returns.
    func write(_ record: Record) throws(ArweaveUploadError) {
        do {
            try JSONFile.write(record, path: path)
        } catch {
            throw .damagedJournal(path: path, reason: "\(error)")
        }
    }

    /// A chunk's number in the log: the item's transaction and the chunk's index, so that chunks of a transaction that was
    /// replaced are not taken for those of the new one.
    struct Chunk: Hashable {
        let transaction: TransactionID
        let index: Int
    }

    private static let entryByteCount = 40

    /// The chunks that nodes have taken.
    func chunks() throws(ArweaveUploadError) -> Set<Chunk> {
        guard let data = FileManager.default.contents(atPath: "\(folder)/chunks.log") else { return [] }
        var chunks: Set<Chunk> = []
        let bytes = [UInt8](data)
        // What follows the last whole entry was being written when the process ended.
        for start in stride(from: 0, through: bytes.count - Self.entryByteCount, by: Self.entryByteCount) {
            let index = bytes[start + 32..<start + 40].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard let id = TransactionID(bytes: Array(bytes[start..<start + 32])), let index = Int(exactly: index)
            else { continue }
            chunks.insert(Chunk(transaction: id, index: index))
        }
        if bytes.count % Self.entryByteCount != 0 {
            let whole = off_t(bytes.count - bytes.count % Self.entryByteCount)
            guard log.withLock({ ftruncate($0, whole) }) == 0 else {
                throw .damagedJournal(path: folder, reason: lastError())
            }
        }
        return chunks
    }

    /// Forgets the chunks of transactions that are no longer wanted.
    func keepChunks(of transactions: Set<TransactionID>) throws(ArweaveUploadError) {
        let chunks = try chunks()
        let kept = chunks.filter { transactions.contains($0.transaction) }
        guard kept.count < chunks.count else { return }
        guard log.withLock({ ftruncate($0, 0) }) == 0 else {
            throw .damagedJournal(path: folder, reason: lastError())
        }
        for chunk in kept { try note(chunk) }
    }

    /// Notes that a node has taken a chunk.
    func note(_ chunk: Chunk) throws(ArweaveUploadError) {
        let entry = chunk.transaction.bytes + withUnsafeBytes(of: UInt64(chunk.index).bigEndian) { [UInt8]($0) }
        let count = log.withLock { Glibc.write($0, entry, entry.count) }
        guard count == entry.count else {
            throw .damagedJournal(path: folder, reason: lastError())
        }
    }
}
