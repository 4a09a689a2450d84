public import Cryptography

/// One administrator's signature over a statement: an epoch of the roster, or a registration.
public struct AdministratorSignature: Codable, Hashable, Sendable {
    /// The administrator's key.
    public var administrator: Ed25519.PublicKey
    /// Over the statement's signing bytes.
    public var signature: Ed25519.Signature

    /// Joins a key with its signature.
    public init(administrator: Ed25519.PublicKey, signature: Ed25519.Signature) {
        self.administrator = administrator
        self.signature = signature
    }
}

extension Genesis {
    /// Checks that every signature over `bytes` is right and an administrator's; who signed twice, the caller asks.
    func check(_ signatures: [AdministratorSignature], over bytes: [UInt8]) throws(InvalidField) {
        try require(
            signatures.count <= Self.maximumAdministrators, "signatures", "must hold at most one per administrator")
        for (index, entry) in signatures.enumerated() {
            try require(
                administrators.keys.contains(entry.administrator), "signatures[\(index)].administrator",
                "is not an administrator")
            try require(
                entry.administrator.verifies(entry.signature, of: bytes), "signatures[\(index)].signature",
                "does not verify")
        }
    }
}
