public import Canonical
public import Cryptography

/// What a verifier holds: the genesis, and the group key with every signer's word for it.
public struct NetworkFile: Codable, Hashable, Sendable {
    /// The version of this format: 1.
    public var version: Int
    /// The network's genesis.
    public var genesis: Genesis
    /// What the signers' key generation produced.
    public var keyGeneration: KeyGenerationOutcome
    /// One signature by each signer of the genesis, by ascending identifier.
    public var signatures: [SignerSignature]

    enum CodingKeys: String, CodingKey {
        case version, genesis, signatures
        case keyGeneration = "key_generation"
    }

    /// Joins a genesis with the outcome of its key generation.
    public init(genesis: Genesis, keyGeneration: KeyGenerationOutcome, signatures: [SignerSignature]) {
        version = 1
        self.genesis = genesis
        self.keyGeneration = keyGeneration
        self.signatures = signatures.sorted { $0.signer < $1.signer }
    }

    /// One signer's signature over the outcome.
    public struct SignerSignature: Codable, Hashable, Sendable {
        /// The signer's identifier in the genesis.
        public var signer: Int
        /// By the signer's identity key, over the outcome's signing bytes.
        public var signature: Ed25519.Signature

        /// Joins a signer with its signature.
        public init(signer: Int, signature: Ed25519.Signature) {
            self.signer = signer
            self.signature = signature
        }
    }

    /// The key every certificate of the network verifies under.
    public var groupKey: Ed25519.PublicKey { keyGeneration.groupKey }

    /// Checks the genesis, and that every one of its signers signed this outcome for this network.
    public func validate() throws {
        try require(version == 1, "version", "must be 1")
        try genesis.validate()
        let outcome = keyGeneration
        let network = try genesis.networkID()
        try require(outcome.version == 1, "key_generation.version", "must be 1")
        try require(outcome.network == network, "key_generation.network", "is not this genesis's network")
        let signers = genesis.signers
        try require(
            outcome.threshold == signers.threshold, "key_generation.threshold", "is not the genesis's threshold")
        try require(
            outcome.verifyingShares.count == signers.members.count, "key_generation.verifying_shares",
            "must hold one per signer")
        try require(signatures.count == signers.members.count, "signatures", "must hold one per signer")
        let bytes = try outcome.signingBytes()
        for (index, member) in signers.members.enumerated() {
            let entry = signatures[index]
            try require(entry.signer == member.identifier, "signatures[\(index)].signer", "must count up from 1")
            try require(
                member.identity.verifies(entry.signature, of: bytes), "signatures[\(index)].signature",
                "does not verify")
        }
    }
}

/// What a key generation produced, signed by all n signers: the key-generation transcript's statement.
public struct KeyGenerationOutcome: Codable, Hashable, Sendable, Statement {
    /// `dna/key-generation/1`.
    public static let context = "dna/key-generation/1"

    /// The version of this format: 1.
    public var version: Int
    /// The network whose signers met.
    public var network: NetworkID
    /// t.
    public var threshold: Int
    /// The group's public key, an ordinary Ed25519 key.
    public var groupKey: Ed25519.PublicKey
    /// Each signer's public share, by ascending identifier.
    public var verifyingShares: [Ed25519.PublicKey]
    /// The digest of all messages of the ceremony's first round.
    public var transcript: Digest

    enum CodingKeys: String, CodingKey {
        case version, network, threshold, transcript
        case groupKey = "group_key"
        case verifyingShares = "verifying_shares"
    }

    /// States an outcome.
    public init(
        network: NetworkID, threshold: Int, groupKey: Ed25519.PublicKey, verifyingShares: [Ed25519.PublicKey],
        transcript: Digest
    ) {
        version = 1
        self.network = network
        self.threshold = threshold
        self.groupKey = groupKey
        self.verifyingShares = verifyingShares
        self.transcript = transcript
    }
}
