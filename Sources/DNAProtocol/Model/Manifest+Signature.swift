public import Cryptography

extension Manifest {
    /// What an author signs: the manifest with ``author`` and without ``signature``.
    public struct Unsigned: Statement {
        /// `dna/manifest/1`.
        public static let context = "dna/manifest/1"

        /// The manifest without a signature.
        public let manifest: Manifest

        /// Takes the signature off.
        public init(_ manifest: Manifest) {
            var bare = manifest
            bare.signature = nil
            self.manifest = bare
        }

        /// Writes the manifest.
        public func encode(to encoder: any Encoder) throws { try manifest.encode(to: encoder) }
    }

    /// The same manifest, signed by its author.
    public func signed(by key: Ed25519.SigningKey) throws -> Manifest {
        var signed = self
        signed.author = key.publicKey
        signed.signature = try Unsigned(signed).signed(by: key)
        return signed
    }

    /// Both or neither, and the signature must be the author's.
    func validateSignature() throws {
        guard let author, let signature else {
            try require(
                author == nil && signature == nil, "signature", "goes with author, and only with it")
            return
        }
        let isAuthors = try Unsigned(self).isSigned(by: author, signature)
        try require(isAuthors, "signature", "is not the author's")
    }
}

extension Genesis {
    /// Which models may be served on a network.
    public struct ModelRules: Codable, Hashable, Sendable {
        /// The most authors that are named.
        public static let maximumAuthors = 64

        /// Whether a manifest must be signed by its author.
        public var signed: Bool
        /// Whose models are served; nil for anybody's. Models must be signed then.
        public var authors: [Ed25519.PublicKey]?

        /// Names the rules.
        public init(signed: Bool, authors: [Ed25519.PublicKey]? = nil) {
            self.signed = signed
            self.authors = authors
        }

        func validate() throws(InvalidField) {
            guard let authors else { return }
            try require(signed, "models.signed", "must be true where authors are named")
            try require(
                (1...Self.maximumAuthors).contains(authors.count), "models.authors",
                "must hold 1 to \(Self.maximumAuthors)")
            try require(Set(authors).count == authors.count, "models.authors", "must be distinct")
        }

        /// Throws ``InvalidField`` for a manifest that this network does not serve; its signature was checked.
        func check(_ manifest: Manifest) throws(InvalidField) {
            guard signed else { return }
            try require(manifest.author != nil, "author", "must be there: this network serves signed models only")
            if let authors, let author = manifest.author {
                try require(authors.contains(author), "author", "is not one whose models this network serves")
            }
        }
    }
}
