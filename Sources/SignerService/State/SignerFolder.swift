import Consensus
package import Cryptography
package import DNAProtocol
import Foundation
import NodeState
package import Threshold

/// What a signer keeps on disk: a folder of its own, closed to others, used by one process at a time.
///
/// `ceremony-seed.sealed` and `key-generation.json` from the first start; `pending-share.sealed` from the moment this
/// signer confirms; `network-file.json` and `share.sealed` once everybody has; `roster.json`, the newest epoch seen, and
/// `epochs.json`, the ids of those before; `decisions/`, what was signed.
package final class SignerFolder: Sendable {
    static let recordName = "key-generation.json"
    private static let seedByteCount = 32

    /// The folder.
    package let path: String
    private let passphrase: SecretBytes
    private let cost: SealedFile.Cost
    private let lock: Int32

    /// Opens the folder, which is made with mode 0700 if it is not there, and keeps others out of it.
    package init(path: String, passphrase: SecretBytes, cost: SealedFile.Cost = .moderate) throws {
        let path = URL(fileURLWithPath: path).standardizedFileURL.path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var status = stat()
        guard stat(path, &status) == 0 else { throw StateError.cannotRead(path, errno) }
        guard status.st_mode & 0o077 == 0 else { throw SignerError.stateReadableByOthers(path) }
        self.path = path
        self.passphrase = passphrase
        self.cost = cost
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw StateError.cannotWrite(path + "/lock", errno) }
        // Two processes would draw two seeds. flock(2): the lock goes with the descriptor, also when the process dies.
        // When this throws, `deinit` closes it.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw SignerError.stateInUse(path) }
    }

    deinit {
        if lock >= 0 { close(lock) }
    }

    /// Lets another process have the folder. Nothing may be written afterwards.
    package func release() { flock(lock, LOCK_UN) }

    private var seedPath: String { path + "/ceremony-seed.sealed" }
    private var recordPath: String { path + "/" + Self.recordName }
    private var pendingPath: String { path + "/pending-share.sealed" }
    private var sharePath: String { path + "/share.sealed" }
    private var networkFilePath: String { path + "/network-file.json" }
    private var rosterPath: String { path + "/roster.json" }
    private var epochsPath: String { path + "/epochs.json" }
    /// Where decisions are recorded.
    package var decisionsPath: String { path + "/decisions" }

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    // MARK: Key generation

    /// The ceremony seed: drawn, and on the disk, before anything is made from it.
    package func ceremonySeed(for participant: CeremonyParticipant) throws -> SecretBytes {
        let header = SeedHeader(network: participant.network, identifier: participant.identifier)
        if isThere(seedPath) {
            let file = try read(seedPath)
            guard try SealedHeader.decode(SeedHeader.self, file.metadata) == header else {
                throw SignerError.foreignState(seedPath, reason: "belongs to another network or signer")
            }
            return file.secret
        }
        guard !isThere(recordPath) else {
            throw SignerError.foreignState(seedPath, reason: "is gone, and messages were made from it")
        }
        let seed = SystemRandom.secret(count: Self.seedByteCount)
        try write(SealedFile(metadata: SealedHeader.encode(header), secret: seed), to: seedPath)
        return seed
    }

    /// What this signer has said in the key generation.
    package func ceremonyRecord() throws -> CeremonyRecord? {
        isThere(recordPath) ? try JSONFile.read(CeremonyRecord.self, path: recordPath) : nil
    }

    /// Makes the record durable.
    package func store(_ record: CeremonyRecord) throws { try JSONFile.write(record, path: recordPath) }

    /// Makes the pending share durable, sealed.
    package func store(_ pending: PendingShare) throws {
        let header = ShareHeader(pending)
        try write(
            SealedFile(metadata: SealedHeader.encode(header), secret: pending.share.secretBytes), to: pendingPath)
    }

    /// The share this signer has confirmed, while others have not.
    package func pendingShare(identifier: Int) throws -> PendingShare? {
        isThere(pendingPath) ? try share(at: pendingPath, identifier: identifier) : nil
    }

    /// Ends the key generation: the network file, then the share becomes active, then the seed goes.
    package func activate(_ file: NetworkFile) throws {
        try JSONFile.write(file, path: networkFilePath)
        try activatePendingShare()
    }

    private func activatePendingShare() throws {
        guard rename(pendingPath, sharePath) == 0 else { throw StateError.cannotWrite(sharePath, errno) }
        guard unlink(seedPath) == 0 || errno == ENOENT else { throw StateError.cannotWrite(seedPath, errno) }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw StateError.cannotWrite(path, errno) }
    }

    /// The active share and the network's file; nil while the key generation goes on.
    package func activeShare(genesis: Genesis, identifier: Int) throws -> (share: KeyShare, file: NetworkFile)? {
        if isThere(networkFilePath), isThere(pendingPath), !isThere(sharePath) { try activatePendingShare() }
        guard isThere(sharePath) else { return nil }
        let file = try JSONFile.read(NetworkFile.self, path: networkFilePath)
        try file.validate()
        guard file.genesis == genesis else {
            throw SignerError.foreignState(networkFilePath, reason: "belongs to another genesis")
        }
        let active = try share(at: sharePath, identifier: identifier)
        guard active.outcome == file.keyGeneration else {
            throw SignerError.foreignState(sharePath, reason: "does not belong to the network file's group key")
        }
        return (active.share, file)
    }

    // MARK: Roster

    /// The newest roster epoch this signer has seen.
    package func pinnedRoster() throws -> SignedRoster? {
        isThere(rosterPath) ? try JSONFile.read(SignedRoster.self, path: rosterPath) : nil
    }

    /// The epochs this signer remembers by their ids.
    package func knownEpochs() throws -> [RosterPin.Epoch] {
        isThere(epochsPath) ? try JSONFile.read([RosterPin.Epoch].self, path: epochsPath) : []
    }

    /// Remembers a newer epoch.
    package func pin(_ pin: RosterPin) throws {
        // The ids first: an id without its epoch does no harm.
        try JSONFile.write(pin.known, path: epochsPath)
        try JSONFile.write(pin.current, path: rosterPath)
    }

    // MARK: Sealed files

    private func share(at path: String, identifier: Int) throws -> PendingShare {
        let file = try read(path)
        let header = try SealedHeader.decode(ShareHeader.self, file.metadata)
        guard header.suite == ShareHeader.suite, header.identifier == identifier else {
            throw SignerError.foreignState(path, reason: "is not a share of signer \(identifier)")
        }
        // Checks s·B = Y.
        let share = try KeyShare(
            participant: CeremonyParticipant.participant(identifier), secretBytes: file.secret,
            publicKeys: header.outcome.publicKeys())
        return PendingShare(share: share, outcome: header.outcome)
    }

    private func read(_ path: String) throws -> SealedFile {
        do {
            return try SealedFile.read(from: path, passphrase: passphrase)
        } catch SealedFileError.authenticationFailed {
            throw StateError.cannotOpen(path)
        }
    }

    private func write(_ file: SealedFile, to path: String) throws {
        try file.write(to: path, passphrase: passphrase, cost: cost)
    }
}
