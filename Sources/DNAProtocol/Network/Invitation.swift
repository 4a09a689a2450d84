import Canonical
public import Cryptography

/// Lets nodes of one operator onto the roster. With one use, in its text form, it is a single-use token.
public struct Invitation: Codable, Hashable, Sendable {
    /// The most nodes that may ever come by one: room for containers that come and go for years.
    public static let maximumUses = 1_000_000_000

    /// What is signed.
    public var body: Body
    /// An administrator of the genesis, or the operator's key on the roster.
    public var signer: Ed25519.PublicKey
    /// The signer's signature over the body.
    public var signature: Ed25519.Signature

    /// Signs an invitation.
    public init(body: Body, key: Ed25519.SigningKey) throws {
        self.body = body
        signer = key.publicKey
        signature = try body.signed(by: key)
    }

    /// What is signed. Its digest names the invitation on the roster.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/invitation/1`.
        public static let context = "dna/invitation/1"
        /// The size of a serial number in bytes.
        public static let serialByteCount = 16

        /// The version of this format: 1.
        public var version: Int
        /// The network.
        public var network: NetworkID
        /// The operator whose node it will be.
        public var `operator`: String
        /// 16 random bytes in lower-case hexadecimal: what makes two invitations differ.
        public var serial: String
        /// How many nodes may come by it, 1 to ``Invitation/maximumUses``.
        public var uses: Int
        /// After this nobody comes by it any more. Nodes that came before stay.
        public var expiresAt: Timestamp

        enum CodingKeys: String, CodingKey {
            case version, network, `operator`, serial, uses
            case expiresAt = "expires_at"
        }

        /// Names everything; `serial` is 16 random bytes.
        public init(network: NetworkID, operator: String, serial: [UInt8], uses: Int, expiresAt: Timestamp) {
            version = 1
            self.network = network
            self.operator = `operator`
            self.serial = Hexadecimal.encode(serial)
            self.uses = uses
            self.expiresAt = expiresAt
        }
    }

    /// Names the invitation.
    public func invitationID() throws -> InvitationID { try body.digest() }

    /// Checks everything but how often it was used: the form, that it is for an operator of `roster`, signed by who may
    /// invite for it, and not over at `now`.
    public func validate(in genesis: Genesis, roster: Roster, at now: Timestamp) throws {
        try require(body.version == 1, "version", "must be 1")
        let network = try genesis.networkID()
        try require(body.network == network, "network", "is not this network")
        try require(
            Hexadecimal.decode(body.serial)?.count == Body.serialByteCount && body.serial.utf8.count == 32,
            "serial", "must be 32 lower-case hexadecimal digits")
        try require((1...Self.maximumUses).contains(body.uses), "uses", "must be 1 to \(Self.maximumUses)")
        try require(now < body.expiresAt, "expires_at", "is over")
        guard Roster.isName(body.operator), let entry = roster.operators.first(where: { $0.name == body.operator })
        else { throw InvalidField("operator", "is not on the roster") }
        try require(
            signer == entry.key || genesis.administrators.keys.contains(signer), "signer",
            "may not invite for this operator")
        let isSigned = try body.isSigned(by: signer, signature)
        try require(isSigned, "signature", "does not verify")
    }

    /// Whether another node may come by it, or `node` again, as far as `roster` tells.
    public func isOpen(to node: Ed25519.PublicKey, on roster: Roster) throws -> Bool {
        try roster.uses(of: invitationID(), besides: node) < body.uses
    }

    // MARK: Text

    /// The most characters of an invitation's text.
    public static let maximumTextLength = 4_096

    /// The invitation as one word that people pass on: base64url of its RFC 8785 form.
    public func text() throws -> String { Base64URL.encode(try CanonicalJSON.encode(self)) }

    /// Reads ``text()``, or the JSON itself; nil for anything else. White space around it does not matter.
    public init?(text: String) {
        guard text.utf8.count <= Self.maximumTextLength else { return nil }
        let bytes = text.utf8.drop { Self.isSpace($0) }.reversed().drop { Self.isSpace($0) }.reversed()
        let json = bytes.first == 0x7B ? Array(bytes) : Base64URL.decode(Array(bytes))
        guard let json, let value = try? CanonicalJSON.decode(Self.self, from: json, unknownKeys: .refused) else {
            return nil
        }
        self = value
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}

/// Names an invitation: the digest of what is signed.
public typealias InvitationID = DigestOf<Invitation.Body>
