import Cryptography

/// A signed transaction of format 2, without its data.
public struct Transaction: Hashable, Sendable {
    /// What was signed.
    public let body: TransactionBody
    /// The owner's signature.
    public let signature: [UInt8]
    /// SHA-256 of the signature.
    public let id: TransactionID

    init(body: TransactionBody, signature: [UInt8]) {
        self.body = body
        self.signature = signature
        id = TransactionID(bytes: SHA256.hash(signature))!  // SHA-256 gives 32 bytes
    }

    /// The owner's address.
    public var address: WalletAddress { WalletAddress(owner: body.owner) }

    /// Checks that the owner signed it: afterwards its data root and its tags are the ones of its id.
    ///
    /// Throws ``ArweaveError/otherTransaction(expected:actual:)`` or ``ArweaveError/wrongSignature(_:)``.
    public func verify(as expected: TransactionID) throws(ArweaveError) {
        guard id == expected else { throw .otherTransaction(expected: expected, actual: id) }
        guard let key = try? RSAPSS.PublicKey(modulus: body.owner), key.verifies(signature, of: body.signatureData)
        else { throw .wrongSignature(id) }
    }

    /// The value of the first tag of that name, if it is UTF-8.
    public func tag(_ name: String) -> String? {
        body.tags.first { $0.name.elementsEqual(name.utf8) }.flatMap { String(validating: $0.value, as: UTF8.self) }
    }
}
