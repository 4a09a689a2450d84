/// The administrators' word that their network serves a model, and perhaps that a short name stands for it.
public struct ModelRegistration: Codable, Hashable, Sendable {
    /// How far ahead of an aggregator's clock a registration may be, in seconds: a later one must still be possible.
    public static let tolerance: Int64 = 600

    /// What administrators sign.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/model-registration/1`.
        public static let context = "dna/model-registration/1"

        /// The version of this format: 1.
        public var version: Int
        /// The network.
        public var network: NetworkID
        /// The model.
        public var model: ModelID
        /// A name that stands for the model from then on, until a later registration gives it to another; nil for none.
        public var alias: String?
        /// Where the package can be had, the preferred place first: `ipfs://ID`, `ar://TRANSACTION` or `https://HOST/PATH#ID`;
        /// nil for `ipfs://` and the model's id.
        public var sources: [String]?
        /// True: the network serves the model no more, and no name stands for it. Never false; nil for a model that is served.
        public var withdrawn: Bool?
        /// When it was said. Of two that are about one alias, or about one model, the later counts.
        public var at: Timestamp

        /// Names everything.
        public init(network: NetworkID, model: ModelID, alias: String?, sources: [String]? = nil, at: Timestamp) {
            version = 1
            self.network = network
            self.model = model
            self.alias = alias
            self.sources = sources
            self.at = at
        }

        /// Takes a model off the network.
        public init(network: NetworkID, withdrawing model: ModelID, at: Timestamp) {
            self.init(network: network, model: model, alias: nil, at: at)
            withdrawn = true
        }
    }

    /// What is said.
    public var body: Body
    /// Administrators' signatures over it, each administrator's once.
    public var signatures: [AdministratorSignature]

    /// Joins both.
    public init(body: Body, signatures: [AdministratorSignature]) {
        self.body = body
        self.signatures = signatures
    }

    /// Whether a text may be an alias: like an operator's name, and no model's id.
    public static func isAlias(_ text: String) -> Bool { Roster.isName(text) && ModelID(text) == nil }

    /// Checks the form, and that enough distinct administrators of `genesis` signed it.
    public func validate(in genesis: Genesis) throws {
        try require(body.version == 1, "version", "must be 1")
        let network = try genesis.networkID()
        try require(body.network == network, "network", "is not this network")
        if let alias = body.alias {
            try require(
                Self.isAlias(alias), "alias", "must be 1 to 64 of a-z, 0-9, '-', '.' and '_', and no model's id")
        }
        try body.validateSources()
        if let withdrawn = body.withdrawn {
            try require(withdrawn, "withdrawn", "must be true or absent")
            try require(body.alias == nil && body.sources == nil, "withdrawn", "goes with neither alias nor sources")
        }
        try genesis.check(signatures, over: try body.signingBytes())
        let signers = Set(signatures.map(\.administrator))
        try require(signers.count == signatures.count, "signatures", "must hold at most one per administrator")
        try require(
            signers.count >= genesis.administrators.threshold, "signatures", "too few administrators signed")
    }
}

/// A registration with what is known of the model: what an administrator sends and workers read.
public struct RegisteredModel: Codable, Hashable, Sendable {
    /// The most bytes of one in JSON.
    public static let maximumBytes = 2 << 20

    /// The administrators' word.
    public var registration: ModelRegistration
    /// The model's listing.
    public var model: PublishedModel

    /// Joins both.
    public init(registration: ModelRegistration, model: PublishedModel) {
        self.registration = registration
        self.model = model
    }

    /// Checks that both are about one model, and that `genesis` lets it be served on the administrators' word.
    public func validate(in genesis: Genesis) throws {
        try require(registration.body.model == model.id, "registration.body.model", "is not the model's")
        try registration.validate(in: genesis)
        try model.manifest.validate(within: genesis)
    }
}

/// The models a network serves.
public struct RegisteredModels: Codable, Hashable, Sendable {
    /// By id.
    public var models: [RegisteredModel]

    /// A list.
    public init(models: [RegisteredModel]) { self.models = models }
}
