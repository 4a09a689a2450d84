public import Canonical
public import Cryptography

extension Manifest {
    /// How files are encrypted and who can read them. Storage, mirrors and everybody else see ciphertext only.
    ///
    /// Every encrypted file (``File/plain``) is cut into chunks of 1 MiB, each encrypted with XChaCha20-Poly1305 and followed by its
    /// tag. The nonce says the chunk's place and whether it is the last; the key follows from the package's content key and
    /// the file's name. The content key is sealed to each recipient's node key.
    public struct Encryption: Codable, Hashable, Sendable {
        /// The only scheme.
        public static let scheme = "xchacha20-poly1305-1mib"
        /// Bytes of a chunk before it is encrypted.
        package static let chunkBytes = 1 << 20
        /// What a file's key is derived under.
        package static let fileContext = "dna/package-file/1"
        private static let keyContext = "dna/package-key/1"
        /// The most nodes that are named.
        public static let maximumRecipients = 1_024

        /// A node that can read the files.
        public struct Recipient: Codable, Hashable, Sendable {
            /// Its key.
            public var node: Ed25519.PublicKey
            /// The content key, sealed to it; hexadecimal.
            public var sealedKey: String

            enum CodingKeys: String, CodingKey {
                case node
                case sealedKey = "sealed_key"
            }
        }

        /// ``scheme``.
        public var scheme: String
        /// Who can read the files, by their keys, ascending.
        public var recipients: [Recipient]

        /// Seals a content key to nodes.
        public init(contentKey: SecretBytes, to nodes: some Collection<Ed25519.PublicKey>) throws(CryptographyError) {
            scheme = Self.scheme
            recipients = []
            for node in Set(nodes).sorted() {
                let sealed = try X25519.seal(
                    contentKey, to: X25519.PublicKey(node), context: Self.keyContext, associated: node.bytes)
                recipients.append(Recipient(node: node, sealedKey: Hexadecimal.encode(sealed)))
            }
        }

        /// The content key, as a recipient finds it; nil for a node that is none.
        public func contentKey(for key: Ed25519.SigningKey) throws(CryptographyError) -> SecretBytes? {
            guard let recipient = recipients.first(where: { $0.node == key.publicKey }) else { return nil }
            guard let sealed = Hexadecimal.decode(recipient.sealedKey) else { throw .authenticationFailed }
            return try X25519.open(
                sealed, with: X25519.SecretKey(key), context: Self.keyContext, associated: key.publicKey.bytes)
        }

        /// How large a file becomes.
        public static func size(ofEncrypted plain: Int) -> Int {
            plain + max(1, (plain + chunkBytes - 1) / chunkBytes) * ChunkCipher.overhead
        }

        func validate() throws(InvalidField) {
            try require(scheme == Self.scheme, "encryption.scheme", "must be \(Self.scheme)")
            try require(
                (1...Self.maximumRecipients).contains(recipients.count), "encryption.recipients",
                "must hold 1 to \(Self.maximumRecipients)")
            try require(
                zip(recipients, recipients.dropFirst()).allSatisfy { $0.node < $1.node }, "encryption.recipients",
                "must be distinct nodes in ascending order")
            let digits = 2 * (ChunkCipher.keyByteCount + X25519.sealingOverhead)
            for (index, recipient) in recipients.enumerated() {
                let bytes = recipient.sealedKey.utf8.count == digits ? Hexadecimal.decode(recipient.sealedKey) : nil
                try require(
                    bytes != nil, "encryption.recipients[\(index)].sealed_key", "must be \(digits) hexadecimal digits")
            }
        }
    }

    /// Either nothing is encrypted, or the weights are, and whatever else says so.
    func validateEncryption() throws(InvalidField) {
        try encryption?.validate()
        for (index, file) in files.enumerated() {
            guard let plain = file.plain else {
                try require(
                    encryption == nil || file.role != .weights, "files[\(index)].plain",
                    "must be there for the weights of an encrypted package")
                continue
            }
            try require(encryption != nil, "files[\(index)].plain", "goes with encryption, and only with it")
            try require(
                plain.size > 0 && plain.size < 1 << 52 && file.size == Encryption.size(ofEncrypted: plain.size),
                "files[\(index)].plain.size", "must be that of the encrypted file without its tags")
        }
    }
}

extension Manifest.File {
    /// A file's content: how large it is, and its digest.
    public struct Content: Codable, Hashable, Sendable {
        /// Bytes.
        public var size: Int
        /// Their SHA-256.
        public var sha256: Digest

        /// Describes a content.
        public init(size: Int, sha256: Digest) {
            self.size = size
            self.sha256 = sha256
        }
    }
}
