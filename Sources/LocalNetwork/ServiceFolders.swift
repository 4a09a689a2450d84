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

    /// Who has a folder, and a certificate in it.
    public enum Party: Hashable, Sendable {
        /// Signs rosters, and keeps the authority's key.
        case administrator
        /// A signer, by its identifier.
        case signer(Int)
        /// The gateways, towards aggregators and the database.
        case gateway
        /// The aggregators, towards everybody and the database.
        case aggregator
        /// The database's server.
        case database
        /// The database's owner, who brings its schema up to date.
        case owner
        /// Who reads metrics.
        case monitor

        var name: String {
            switch self {
            case .administrator: "administrator"
            case .signer(let number): "signer-\(number)"
            case .gateway: "gateway"
            case .aggregator: "aggregator"
            case .database: "database"
            case .owner: "owner"
            case .monitor: "monitor"
            }
        }
    }

    /// A party's secrets.
    public func folder(of party: Party) -> String { "\(path)/\(party.name)" }
    /// What everybody may read: the genesis, the first roster, and the authority's certificate.
    public var network: String { path + "/network" }
    /// What names the network.
    public var genesis: String { network + "/genesis.json" }
    /// The first roster epoch.
    public var roster: String { network + "/roster.json" }
    /// The certificate of the authority that issues everybody's certificates.
    public var authority: String { network + "/authority.pem" }
    /// What lets nodes in, a file for each operator: for who runs workers.
    public var invitations: String { path + "/invitations" }
    /// An operator's invitation.
    public func invitation(_ operator: String) -> String { "\(invitations)/\(`operator`).txt" }

    /// The passphrase of the keys in a party's folder.
    func passphrase(of party: Party) -> String { folder(of: party) + "/passphrase" }
    /// A party's certificate.
    func certificate(of party: Party) -> String { folder(of: party) + "/certificate.pem" }
    /// The authority's certificate, so that the folder holds all that a link needs.
    func authority(of party: Party) -> String { folder(of: party) + "/authority.pem" }
    /// The certificate's private key.
    func privateKey(of party: Party) -> String { folder(of: party) + "/private-key.pem" }
    /// The administrator's sealed key.
    var administratorKey: String { folder(of: .administrator) + "/administrator.key" }
    /// The sealed key of the authority.
    var authorityKey: String { folder(of: .administrator) + "/authority-key.pem" }
    /// A signer's sealed identity key.
    func identityKey(of signer: Int) -> String { folder(of: .signer(signer)) + "/identity.key" }
    /// A signer's sealed encryption key.
    func encryptionKey(of signer: Int) -> String { folder(of: .signer(signer)) + "/encryption.key" }

    /// Whether a network has been founded here.
    public var isFounded: Bool { FileManager.default.fileExists(atPath: genesis) }
}
