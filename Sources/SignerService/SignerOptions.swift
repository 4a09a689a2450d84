public import Cryptography
public import HTTPTransport
public import ServiceKit
public import TLS

/// What a signer is started with.
public struct SignerOptions: Sendable {
    /// The network's genesis.
    public var genesisPath: String
    /// This signer's identifier in the genesis.
    public var identifier: Int
    /// The folder of this signer's state.
    public var statePath: String
    /// The file with the passphrase of the keys and of the state.
    public var passphrasePath: String
    /// The sealed identity key. Needed until the key generation is over.
    public var identityKeyPath: String
    /// The sealed encryption key. Needed until the key generation is over.
    public var encryptionKeyPath: String
    /// A roster epoch; may be absent once one is known.
    public var rosterPath: String?
    /// Where the other signers are. Needed until the key generation is over; this signer's own entry is ignored.
    public var peers: [Int: HTTPOrigin]
    /// Where to listen, and by which TLS.
    public var http: HTTPServiceOptions
    /// TLS for calls to the other signers; nil in the clear.
    public var peerTLS: HTTPTLSOptions?
    /// Whom this signer's certificate names; nil in the clear.
    public var certificateIdentity: PeerIdentity?
    /// What deriving the key of a newly sealed file costs.
    public var sealingCost = SealedFile.Cost.moderate

    /// Names everything that has no default.
    public init(
        genesisPath: String, identifier: Int, statePath: String, passphrasePath: String, identityKeyPath: String,
        encryptionKeyPath: String, rosterPath: String?, peers: [Int: HTTPOrigin], http: HTTPServiceOptions
    ) {
        self.genesisPath = genesisPath
        self.identifier = identifier
        self.statePath = statePath
        self.passphrasePath = passphrasePath
        self.identityKeyPath = identityKeyPath
        self.encryptionKeyPath = encryptionKeyPath
        self.rosterPath = rosterPath
        self.peers = peers
        self.http = http
    }
}
