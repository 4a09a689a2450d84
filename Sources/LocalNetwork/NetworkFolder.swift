public import DNAProtocol
import Foundation
import Glibc

/// Where a local network keeps its files: one folder, mode 0700.
public struct NetworkFolder: Sendable {
    /// The folder.
    public let path: String

    /// Names the folder; ``create()`` makes it.
    public init(path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// Makes the folder and those in it that every part expects.
    public func create() throws {
        for folder in [path, keys, logs, workers, signers, invitations] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    /// The passphrase that seals the keys.
    public var passphrase: String { path + "/passphrase" }
    /// What names the network.
    public var genesis: String { path + "/genesis.json" }
    /// The newest roster epoch, as of the network's last start.
    public var roster: String { path + "/roster.json" }
    /// What a verifier holds; there once the signers have a group key.
    public var networkFile: String { path + "/network.json" }
    /// The model package.
    public var model: String { path + "/model" }
    /// The model's listing, for those who do not need its weights.
    public var modelListing: String { path + "/model.json" }
    /// What the workers keep of the model in memory, together.
    public var sharedWeights: String { path + "/weights" }
    /// PostgreSQL's data.
    ///
    /// The server refuses to run as root, and its own user often cannot reach root's folders: then the data lies
    /// outside this folder, named by the network.
    public func postgres(of network: NetworkID) -> String {
        geteuid() == 0 ? "/var/lib/dna-layer/\(network.hex.prefix(16))/postgres" : path + "/postgres"
    }
    /// One log file a service.
    public var logs: String { path + "/logs" }
    /// One file a running process, `NAME.pid`, that holds its process id.
    public var run: String { path + "/run" }
    private var keys: String { path + "/keys" }
    private var workers: String { path + "/workers" }
    private var signers: String { path + "/signers" }
    private var invitations: String { path + "/invitations" }
    /// An operator's invitation, by which workers come onto the roster.
    public func invitation(_ operator: String) -> String { "\(invitations)/\(`operator`).txt" }

    /// The sealed key of an administrator.
    public func administratorKey(_ number: Int) -> String { "\(keys)/administrator-\(number).key" }
    /// The sealed key of a node.
    public func nodeKey(_ number: Int) -> String { "\(keys)/node-\(number).key" }
    /// The sealed identity key of a signer.
    public func signerIdentityKey(_ number: Int) -> String { "\(keys)/signer-\(number)-identity.key" }
    /// The sealed encryption key of a signer.
    public func signerEncryptionKey(_ number: Int) -> String { "\(keys)/signer-\(number)-encryption.key" }
    /// What a worker remembers.
    public func workerState(_ number: Int) -> String { "\(workers)/\(number)" }
    /// What a signer remembers, its share among it.
    public func signerState(_ number: Int) -> String { "\(signers)/\(number)" }
    /// The log of a service.
    public func log(_ name: String) -> String { "\(logs)/\(name).log" }

    /// Whether a network has been founded here.
    public var isFounded: Bool { FileManager.default.fileExists(atPath: genesis) }
}
