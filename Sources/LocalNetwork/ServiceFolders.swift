import Foundation

/// The files of a network whose services do not share a machine or a container: one folder for what everybody may
/// read, and one for each party's secrets, so that each can be handed over, or mounted, alone.
public struct ServiceFolders: Sendable {
    /// The folder that holds the folders.
    public let path: String

    /// Names the folder.
    public init(path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// What everybody may read: the genesis and the first roster.
    public var network: String { path + "/network" }
    /// What names the network.
    public var genesis: String { network + "/genesis.json" }
    /// The first roster epoch.
    public var roster: String { network + "/roster.json" }
    /// The certificate of the authority that issues everybody's certificates.
    public var authority: String { network + "/authority.pem" }
    /// The administrator's secrets, the authority's key among them.
    public var administrator: String { path + "/administrator" }
    /// A signer's secrets.
    public func signer(_ number: Int) -> String { "\(path)/signer-\(number)" }
    /// The coordinator's secrets: its services', and those its database wants of the server and of the owner.
    public func coordinator(_ part: CoordinatorPart) -> String { "\(path)/\(part.rawValue)" }
    /// A worker's secrets.
    public func worker(_ number: Int) -> String { "\(path)/worker-\(number)" }

    /// The passphrase of the keys in a folder.
    static func passphrase(in folder: String) -> String { folder + "/passphrase" }
    /// A part of the coordinator that has a certificate.
    public enum CoordinatorPart: String, CaseIterable, Sendable {
        /// The gateways, towards aggregators and the database.
        case gateway
        /// The aggregators, towards everybody and the database.
        case aggregator
        /// The database's server.
        case database
        /// The database's owner, who brings its schema up to date.
        case owner
    }

    /// The certificate in a party's folder.
    static func certificate(in folder: String) -> String { folder + "/certificate.pem" }
    /// The certificate's private key.
    static func privateKey(in folder: String) -> String { folder + "/private-key.pem" }
    /// The key of the authority.
    var authorityKey: String { administrator + "/authority-key.pem" }
    /// The administrator's sealed key.
    var administratorKey: String { administrator + "/administrator.key" }
    /// A signer's sealed identity key.
    func signerIdentityKey(_ number: Int) -> String { signer(number) + "/identity.key" }
    /// A signer's sealed encryption key.
    func signerEncryptionKey(_ number: Int) -> String { signer(number) + "/encryption.key" }
    /// A worker's sealed node key.
    func nodeKey(_ number: Int) -> String { worker(number) + "/node.key" }

    /// Whether a network has been founded here.
    public var isFounded: Bool { FileManager.default.fileExists(atPath: genesis) }
}
