public import Arweave

/// Why an upload cannot go on.
public enum ArweaveUploadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There are no files, or two of the same name.
    case unusableFiles(reason: String)
    /// The journal is of an upload of other files, which is paid and not finished.
    case otherUpload(journal: String)
    /// Another process works with this journal.
    case journalInUse(path: String)
    /// The journal cannot be read, or is not one: why.
    case damagedJournal(path: String, reason: String)
    /// These transactions came too late: their anchor is too old, nobody has them, and nothing was paid for them.
    case expired(names: [String])
    /// The wallet is not the one whose transactions the journal holds.
    case otherWallet(expected: WalletAddress, actual: WalletAddress)
    /// The file is not what it was when it was hashed.
    case fileChanged(name: String)
    /// Still not in a block, after all the time allowed.
    case unconfirmed(names: [String])
    /// So many of the chunks that were asked for could not be had back.
    case chunksMissing(count: Int)

    /// A sentence for people, with what to do.
    public var description: String {
        switch self {
        case .unusableFiles(let reason): reason
        case .otherUpload(let journal):
            "\(journal) belongs to an upload of other files that is paid and not finished: finish it, or name another journal"
        case .journalInUse(let path): "\(path) is used by another process"
        case .damagedJournal(let path, let reason): "\(path): \(reason)"
        case .expired(let names):
            "too late for \(names.joined(separator: ", ")): the network takes no such old anchor. "
                + "Nothing was paid for it; start again for a new price"
        case .otherWallet(let expected, let actual):
            "the upload was begun with wallet \(expected), this is \(actual)"
        case .fileChanged(let name): "\(name) was changed while it was being sent"
        case .unconfirmed(let names):
            "not confirmed yet: \(names.joined(separator: ", ")). Start again later to go on waiting"
        case .chunksMissing(let count):
            "\(count) chunks could not be read back. Start again later, or with other nodes"
        }
    }
}
