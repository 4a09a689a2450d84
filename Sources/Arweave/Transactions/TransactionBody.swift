public import Cryptography

/// All of a transaction (format 2) that its owner signs.
public struct TransactionBody: Hashable, Sendable {
    /// The modulus of the owner's key.
    public var owner: [UInt8]
    /// Who gets money; nil for nobody.
    public var target: WalletAddress?
    /// The money that goes to `target`.
    public var quantity: Winston
    /// What the network gets for storing the data.
    public var reward: Winston
    /// A recent block's hash, or the owner's last transaction: what keeps a transaction from being posted twice.
    public var anchor: [UInt8]
    /// Names and values.
    public var tags: [TransactionTag]
    /// The data's bytes.
    public var dataSize: Int
    /// What the data is; nil when there is none.
    public var dataRoot: DataRoot?

    /// A transaction that stores data and pays nobody but the network. Throws
    /// ``ArweaveError/tagsTooLarge(bytes:limit:)``.
    public init(
        storing root: DataRoot, size: Int, tags: [TransactionTag], reward: Winston, anchor: [UInt8],
        owner: RSAPSS.PublicKey
    ) throws(ArweaveError) {
        try TransactionTag.check(tags)
        self.init(
            owner: owner.modulus, target: nil, quantity: .zero, reward: reward, anchor: anchor, tags: tags,
            dataSize: size, dataRoot: root)
    }

    init(
        owner: [UInt8], target: WalletAddress?, quantity: Winston, reward: Winston, anchor: [UInt8],
        tags: [TransactionTag],
        dataSize: Int, dataRoot: DataRoot?
    ) {
        self.owner = owner
        self.target = target
        self.quantity = quantity
        self.reward = reward
        self.anchor = anchor
        self.tags = tags
        self.dataSize = dataSize
        self.dataRoot = dataRoot
    }

    /// What is signed: the deep hash of the fields, 48 bytes.
    public var signatureData: [UInt8] {
        let tags = tags.map { DeepHash.list([.blob($0.name), .blob($0.value)]) }
        return DeepHash.list([
            .text("2"), .blob(owner), .blob(target?.bytes ?? []), .text(quantity.description),
            .text(reward.description), .blob(anchor), .list(tags), .text(String(dataSize)),
            .blob(dataRoot?.bytes ?? []),
        ]).digest
    }

    /// Signs it with the owner's wallet.
    public func signed(by wallet: Wallet) -> Transaction {
        precondition(wallet.publicKey.modulus == owner, "the owner signs")
        return Transaction(body: self, signature: wallet.sign(signatureData))
    }
}
