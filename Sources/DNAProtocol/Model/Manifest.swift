public import Canonical

/// What a model's constructor publishes with the weights: the files, how to run them, and the consensus rules.
///
/// The model's id is this document's digest.
public struct Manifest: Codable, Hashable, Sendable, Statement {
    /// `dna/manifest/1`.
    public static let context = "dna/manifest/1"
    /// The numerics this version of the engine computes.
    public static let numerics = "dna-numerics-1"
    /// The chat template is the one in the file of weights, which the file's digest covers.
    public static let templateOfWeights = "gguf"
    /// The model has no chat template and answers prompts only.
    public static let noTemplate = "none"
    /// The most files a package may have.
    public static let maximumFiles = 64

    /// The version of this format: 1.
    public var version: Int
    /// A name for people, 1 to 128 bytes.
    public var name: String
    /// An SPDX licence expression.
    public var licence: String
    /// The definition of the arithmetic: `dna-numerics-1`.
    public var numerics: String
    /// The most tokens of prompt and answer together.
    public var contextLength: Int
    /// Where the template is that turns messages into a prompt: ``templateOfWeights`` or ``noTemplate``.
    public var chatTemplate: String
    /// What a request gets when it names no value.
    public var sampling: Sampling
    /// The consensus rules.
    public var policy: Policy
    /// The package's files.
    public var files: [File]

    enum CodingKeys: String, CodingKey {
        case version, name, licence, numerics, sampling, policy, files
        case contextLength = "context_length"
        case chatTemplate = "chat_template"
    }

    /// Puts a manifest together; ``validate(within:)`` checks it.
    public init(
        name: String, licence: String, contextLength: Int, chatTemplate: String, sampling: Sampling, policy: Policy,
        files: [File]
    ) {
        version = 1
        self.name = name
        self.licence = licence
        numerics = Self.numerics
        self.contextLength = contextLength
        self.chatTemplate = chatTemplate
        self.sampling = sampling
        self.policy = policy
        self.files = files
    }

    /// One file of the package.
    public struct File: Codable, Hashable, Sendable {
        /// What a file is for.
        public enum Role: String, Codable, Hashable, Sendable {
            /// The weights, as GGUF.
            case weights
        }

        /// Its name in the package's folder; no separators.
        public var name: String
        /// What it is for.
        public var role: Role
        /// Bytes.
        public var size: Int
        /// Its SHA-256.
        public var sha256: Digest

        /// Describes a file.
        public init(name: String, role: Role, size: Int, sha256: Digest) {
            self.name = name
            self.role = role
            self.size = size
            self.sha256 = sha256
        }
    }

    /// The file that holds the weights.
    public var weights: File? { files.first { $0.role == .weights } }

    /// Checks every rule of the format; the policy against `genesis`, when one is known.
    public func validate(within genesis: Genesis? = nil) throws(InvalidField) {
        try require(version == 1, "version", "must be 1")
        try require((1...128).contains(name.utf8.count), "name", "must be 1 to 128 bytes")
        try require((1...128).contains(licence.utf8.count), "licence", "must be 1 to 128 bytes")
        try require(numerics == Self.numerics, "numerics", "must be \(Self.numerics)")
        try require((16...1_048_576).contains(contextLength), "context_length", "must be 16 to 1048576")
        try require(
            [Self.templateOfWeights, Self.noTemplate].contains(chatTemplate), "chat_template", "must be gguf or none")
        try sampling.validate()
        try require((1...Self.maximumFiles).contains(files.count), "files", "must hold 1 to \(Self.maximumFiles)")
        try require(files.count { $0.role == .weights } == 1, "files", "must hold one file of weights")
        for (index, file) in files.enumerated() {
            try require(Self.isPlain(file.name), "files[\(index)].name", "must be a plain file name")
            try require(file.size > 0 && file.size < 1 << 53, "files[\(index)].size", "must be positive")
        }
        try require(Set(files.map(\.name)).count == files.count, "files", "must have distinct names")
        if let genesis { try policy.validate(within: genesis) }
    }

    /// By bytes: to Swift's characters a slash with a combining mark is no slash, to the file system it is one.
    private static func isPlain(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...255).contains(bytes.count) && bytes.first != UInt8(ascii: ".")
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
            && !bytes.elementsEqual("manifest.json".utf8)
    }

    /// The model's id.
    public func modelID() throws -> ModelID { try digest() }
}
