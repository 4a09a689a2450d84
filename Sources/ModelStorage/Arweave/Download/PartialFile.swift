import Arweave
import Cryptography
import Glibc
import Synchronization

/// A file that is being filled with pieces in any order, and resumes.
///
/// Beside `stem.part` lies `stem.part.log`, which says which ranges are filled and with what. Neither waits for the disk:
/// what the log says is hashed again when the file is opened, so that nothing counts but bytes that are there.
final class PartialFile: Sendable {
    private struct State {
        var filled = RangeSet<Int>()
    }

    /// Start, end, SHA-256 of the bytes, and SHA-256 of these three, cut, which tells a torn entry.
    private static let entryByteCount = 64

    private let path: String
    private let part: String
    let size: Int
    private let data: Int32
    private let log: Int32
    private let state = Mutex(State())

    /// Opens or makes `stem.part` and its log for a file that is to be `path`. Throws
    /// `ArweaveError.system(operation:path:code:)`, also when another process fills the same file.
    init(path: String, stem: String? = nil, size: Int) throws(ArweaveError) {
        self.path = path
        self.size = size
        part = "\(stem ?? path).part"
        data = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        log = open("\(part).log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard data >= 0, log >= 0, flock(data, LOCK_EX | LOCK_NB) == 0, ftruncate(data, off_t(size)) == 0 else {
            throw .system(operation: "open", path: part, code: errno)
        }
        try recall()
    }

    deinit {
        close(data)
        close(log)
    }

    /// The bytes that are there.
    var filledCount: Int { state.withLock { $0.filled.ranges.reduce(0) { $0 + $1.count } } }

    /// The first byte in a range that is not there.
    func firstGap(in range: Range<Int>) -> Int? {
        state.withLock { state in
            RangeSet(range).subtracting(state.filled).ranges.first?.lowerBound
        }
    }

    /// Puts bytes in their place. Returns how many of them were not there before.
    func fill(_ chunk: DataPiece) throws(ArweaveError) -> Int {
        try write(chunk.bytes, to: data, at: chunk.range.lowerBound)
        let entry = Self.entry(chunk.range, chunk.sha256)
        try write(entry, to: log)
        return state.withLock { state in
            let new = RangeSet(chunk.range).subtracting(state.filled)
            state.filled.formUnion(RangeSet(chunk.range))
            return new.ranges.reduce(0) { $0 + $1.count }
        }
    }

    /// Removes what unfinished attempts at a file have left.
    static func removeRemains(_ stems: [String]) {
        for stem in stems {
            unlink("\(stem).part")
            unlink("\(stem).part.log")
        }
    }

    /// Gives the file its name, on the disk when this returns, and drops the log.
    func finish() throws(ArweaveError) {
        precondition(filledCount == size, "the file is not complete")
        guard fsync(data) == 0, rename(part, path) == 0 else {
            throw .system(operation: "rename", path: part, code: errno)
        }
        unlink("\(part).log")
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw .system(operation: "fsync", path: folder, code: errno)
        }
    }

    /// The tree of what is there.
    func tree() throws -> DataTree { try DataFile(path: part).tree() }

    /// Forgets everything.
    func discard() {
        unlink(part)
        unlink("\(part).log")
    }

    /// Believes the log as far as the bytes are what it says.
    private func recall() throws(ArweaveError) {
        let file = try DataFile(path: part)
        let entries = try DataFile(path: "\(part).log")
        let whole = entries.size - entries.size % Self.entryByteCount
        var filled = RangeSet<Int>()
        for start in stride(from: 0, to: whole, by: Self.entryByteCount) {
            let entry = try entries.read(start..<start + Self.entryByteCount)
            let (lower, upper) = (Self.number(entry[0..<8]), Self.number(entry[8..<16]))
            let digest = Array(entry[16..<48])
            guard let lower, let upper, lower < upper, upper <= size, upper - lower <= ChunkPlan.largestChunk,
                Self.entry(lower..<upper, digest) == entry, SHA256.hash(try file.read(lower..<upper)) == digest
            else { continue }
            filled.formUnion(RangeSet(lower..<upper))
        }
        guard ftruncate(log, off_t(whole)) == 0 else {
            throw .system(operation: "truncate", path: "\(part).log", code: errno)
        }
        state.withLock { $0.filled = filled }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        Int(exactly: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private static func entry(_ range: Range<Int>, _ digest: [UInt8]) -> [UInt8] {
        let numbers = [range.lowerBound, range.upperBound].flatMap { number in
            withUnsafeBytes(of: UInt64(number).bigEndian) { [UInt8]($0) }
        }
        return numbers + digest + SHA256.hash(numbers + digest).prefix(16)
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int? = nil) throws(ArweaveError) {
        let isWritten = bytes.withUnsafeBytes { writeAll($0, to: descriptor, at: offset) }
        guard isWritten else { throw .system(operation: "write", path: part, code: errno) }
    }
}
