public import Canonical
public import Cryptography

/// What a model's constructor publishes with the weights: the files, how to run them, and the consensus rules.
///
/// It lies in the package's folder as ``fileName``, in its RFC 8785 form; the folder's content identifier is the model's
/// id. `schemas/manifest.schema.json` describes it.
public struct Manifest: Codable, Hashable, Sendable {
    /// Its file in the package's folder.
    public static let fileName = "manifest.json"
    /// The most bytes of one: it is a single block under every import profile.
    public static let maximumBytes = 1_048_576
    /// The numerics this version of the engine computes.
    public static let numerics = "dna-numerics-1"
    /// The tokenizer or the chat template is the one in the file of weights, which the file's digest covers.
    public static let partOfWeights = "gguf"
    /// The model has no chat template and answers prompts only.
    public static let noTemplate = "none"
    /// The most files a package may have, the manifest not counted.
    public static let maximumFiles = 64

    /// The version of this format: 1.
    public var version: Int
    /// A name for people, 1 to 128 bytes.
    public var name: String
    /// Which of the models of that name it is, as the constructor counts, such as `1.2`; 1 to 64 bytes.
    public var release: String?
    /// A few words for people, up to 4,096 bytes.
    public var description: String?
    /// An SPDX licence expression.
    public var licence: String
    /// Who made the package.
    public var author: Ed25519.PublicKey?
    /// The author's signature over ``Unsigned``.
    public var signature: Ed25519.Signature?
    /// What the file of weights calls the model's architecture, such as `llama`.
    public var architecture: String
    /// The definition of the arithmetic: `dna-numerics-1`.
    public var numerics: String
    /// The most tokens of prompt and answer together.
    public var contextLength: Int
    /// What a machine must have.
    public var environment: Environment
    /// Where the tokenizer is: ``partOfWeights``.
    public var tokenizer: String
    /// Where the template is that turns messages into a prompt: ``partOfWeights`` or ``noTemplate``.
    public var chatTemplate: String
    /// What a request gets when it names no value.
    public var sampling: Sampling
    /// What a request may not exceed; nil for nothing.
    public var limits: Limits?
    /// The consensus rules.
    public var policy: Policy
    /// How files become blocks: the name of an `ImportProfile`.
    public var importProfile: String
    /// How files are encrypted and for whom; nil for a package that everybody can read.
    public var encryption: Encryption?
    /// The package's files.
    public var files: [File]

    enum CodingKeys: String, CodingKey {
        case version, name, release, description, licence, author, signature, architecture, numerics, environment
        case tokenizer, sampling, limits, policy, encryption, files
        case contextLength = "context_length"
        case chatTemplate = "chat_template"
        case importProfile = "import_profile"
    }

    /// Puts a manifest together that nobody has signed; ``validate(within:)`` checks it.
    public init(
        name: String, licence: String, architecture: String = "llama", contextLength: Int,
        environment: Environment = Environment(), chatTemplate: String = Manifest.partOfWeights,
        sampling: Sampling = Sampling(), policy: Policy, importProfile: String = Manifest.defaultImportProfile,
        files: [File]
    ) {
        version = 1
        self.name = name
        self.licence = licence
        self.architecture = architecture
        numerics = Self.numerics
        self.contextLength = contextLength
        self.environment = environment
        tokenizer = Self.partOfWeights
        self.chatTemplate = chatTemplate
        self.sampling = sampling
        self.policy = policy
        self.importProfile = importProfile
        self.files = files
    }

    /// One file of the package.
    public struct File: Codable, Hashable, Sendable {
        /// What a file is for.
        public enum Role: String, Codable, Hashable, Sendable, CaseIterable {
            /// The weights, as GGUF.
            case weights
            /// A tokenizer's description for other programs; what runs is what ``Manifest/tokenizer`` says.
            case tokenizer
            /// A chat template for other programs; what runs is what ``Manifest/chatTemplate`` says.
            case chatTemplate = "chat_template"
            /// The licence's text.
            case licence
            /// A script with consensus rules. Refused: this version runs none, and a package must not look as if it did.
            case policyScript = "policy_script"
            /// Anything else.
            case other
        }

        /// Its name in the package's folder; no separators.
        public var name: String
        /// What it is for.
        public var role: Role
        /// Bytes.
        public var size: Int
        /// Its SHA-256.
        public var sha256: Digest
        /// What it is once it is decrypted; nil for a file that is not encrypted.
        public var plain: Content?

        /// Describes a file.
        public init(name: String, role: Role, size: Int, sha256: Digest, plain: Content? = nil) {
            self.name = name
            self.role = role
            self.size = size
            self.sha256 = sha256
            self.plain = plain
        }

        /// The file as it is once it is decrypted.
        public var decrypted: File {
            guard let plain else { return self }
            return File(name: name, role: role, size: plain.size, sha256: plain.sha256)
        }
    }

    /// What a request may not exceed.
    public struct Limits: Codable, Hashable, Sendable {
        /// The most tokens of an answer.
        public var maximumTokens: Int?
        /// The highest temperature.
        public var maximumTemperature: Double?

        enum CodingKeys: String, CodingKey {
            case maximumTokens = "max_tokens"
            case maximumTemperature = "max_temperature"
        }

        /// Names the limits.
        public init(maximumTokens: Int? = nil, maximumTemperature: Double? = nil) {
            self.maximumTokens = maximumTokens
            self.maximumTemperature = maximumTemperature
        }
    }

    /// The file that holds the weights.
    public var weights: File? { files.first { $0.role == .weights } }

    /// Checks what a request asks of this model: a policy no looser than the constructor's, and nothing over the limits.
    public func check(_ request: Request) throws(InvalidField) {
        _ = try policy.narrowed(by: request.policy)
        guard let limits else { return }
        if let most = limits.maximumTokens {
            try require(request.maximumTokens <= most, "max_tokens", "must be at most \(most) for this model")
        }
        if let most = limits.maximumTemperature {
            try require(
                request.sampling.temperature <= most, "temperature", "must be at most \(most) for this model")
        }
    }
}
