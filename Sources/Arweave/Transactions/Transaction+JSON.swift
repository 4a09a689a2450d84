import Canonical

/// A transaction as nodes write it.
private struct TransactionJSON: Codable {
    struct TagJSON: Codable {
        let name: Base64URLBytes
        let value: Base64URLBytes
    }

    let format: Int
    let id: TransactionID
    let last_tx: Base64URLBytes
    let owner: Base64URLBytes
    let tags: [TagJSON]
    let target: Base64URLBytes
    let quantity: String
    let data: Base64URLBytes
    let data_size: String
    let data_root: Base64URLBytes
    /// Nodes do not read it, and clients write an empty one.
    let data_tree: JSONValue?
    let reward: String
    let signature: Base64URLBytes
}

extension Transaction {
    /// The JSON that a node is posted; `data` only where it goes along with the transaction.
    public func json(data: [UInt8] = []) -> [UInt8] {
        let form = TransactionJSON(
            format: 2, id: id, last_tx: Base64URLBytes(body.anchor), owner: Base64URLBytes(body.owner),
            tags: body.tags.map { .init(name: Base64URLBytes($0.name), value: Base64URLBytes($0.value)) },
            target: Base64URLBytes(body.target?.bytes ?? []), quantity: body.quantity.description,
            data: Base64URLBytes(data), data_size: String(body.dataSize),
            data_root: Base64URLBytes(body.dataRoot?.bytes ?? []), data_tree: .array([]),
            reward: body.reward.description,
            signature: Base64URLBytes(signature))
        do {
            return try CanonicalJSON.encode(form)
        } catch {
            preconditionFailure("a transaction consists of text: \(error)")
        }
    }

    /// Reads what a node says a transaction is, and checks that its id is its signature's; ``verify(as:)`` does the rest.
    ///
    /// Throws ``ArweaveError/malformedTransaction(reason:)``, ``ArweaveError/tagsTooLarge(bytes:limit:)`` or
    /// ``ArweaveError/otherTransaction(expected:actual:)``.
    public init(json: [UInt8]) throws(ArweaveError) {
        let form: TransactionJSON
        do {
            form = try CanonicalJSON.decode(TransactionJSON.self, from: json)
        } catch {
            throw .malformedTransaction(reason: "\(error)")
        }
        guard form.format == 2 else { throw .malformedTransaction(reason: "its format is \(form.format), not 2") }
        self.init(body: try TransactionBody(form), signature: form.signature.bytes)
        guard id == form.id else { throw .otherTransaction(expected: form.id, actual: id) }
    }
}

extension TransactionBody {
    fileprivate init(_ form: TransactionJSON) throws(ArweaveError) {
        let tags = form.tags.map { TransactionTag(name: $0.name.bytes, value: $0.value.bytes) }
        try TransactionTag.check(tags)
        guard let quantity = Winston(form.quantity), let reward = Winston(form.reward) else {
            throw .malformedTransaction(reason: "an amount is not a decimal number")
        }
        guard let size = Winston(form.data_size).flatMap({ Int($0.description) }), size <= ChunkPlan.largestSize else {
            throw .malformedTransaction(reason: "data_size is not a decimal number")
        }
        let (target, root) = (form.target.bytes, form.data_root.bytes)
        guard target.isEmpty || target.count == 32 else {
            throw .malformedTransaction(reason: "target is not an address")
        }
        guard root.isEmpty ? size == 0 : root.count == 32 else {
            throw .malformedTransaction(reason: "data_root is not 32 bytes")
        }
        self.init(
            owner: form.owner.bytes, target: WalletAddress(bytes: target), quantity: quantity, reward: reward,
            anchor: form.last_tx.bytes, tags: tags, dataSize: size, dataRoot: DataRoot(bytes: root))
    }
}
