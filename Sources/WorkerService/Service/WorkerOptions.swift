public import DNAProtocol
public import HTTPTransport
public import Inference
public import ModelStorage

/// Where a worker finds what it needs.
public struct WorkerOptions: Sendable {
    /// Where the packages are of the models that are served from the start, whatever is registered.
    public var models: [PackageAddress]
    /// Whether models that administrators register are taken up.
    public var takesRegistered = true
    /// Bytes of memory that all models may have together, by their manifests; nil for this machine's.
    public var modelMemory: Int?
    /// Where packages that are not on this machine come from, and are kept.
    public var storage: StorageOptions
    /// The network's genesis.
    public var genesisPath: String
    /// A roster epoch, signed; committees drawn from it are checked.
    public var rosterPath: String?
    /// The sealed node key.
    public var nodeKeyPath: String
    /// A file with the passphrase of the node key.
    public var passphrasePath: String
    /// The folder of what the node must remember.
    public var statePath: String
    /// The aggregators, any of which will do; at least one.
    public var aggregators: [HTTPOrigin]
    /// How the engine runs.
    public var engine: EngineOptions
    /// A folder in which the workers of one machine share packed weights; nil: each has its own.
    public var sharedWeightsPath: String?
    /// By which the node comes onto the roster, any of them; none when others have put it there.
    public var invitations: [Invitation] = []
    /// Whether the node leaves the roster when it is told to stop.
    public var leavesOnStop = false

    /// Names everything.
    public init(
        models: [PackageAddress], storage: StorageOptions, genesisPath: String, rosterPath: String?,
        nodeKeyPath: String,
        passphrasePath: String, statePath: String, aggregators: [HTTPOrigin], engine: EngineOptions
    ) {
        self.models = models
        self.storage = storage
        self.genesisPath = genesisPath
        self.rosterPath = rosterPath
        self.nodeKeyPath = nodeKeyPath
        self.passphrasePath = passphrasePath
        self.statePath = statePath
        self.aggregators = aggregators
        self.engine = engine
    }
}

/// How long a worker waits for what. Nothing here is part of a vote.
public struct WorkerPacing: Sendable {
    /// How long an aggregator may hold a poll for work, in seconds.
    public var pollWait = 25
    /// How long an aggregator may hold a question for a set, in seconds.
    public var setWait = 20
    /// The deadline of a call, beyond what it may be held.
    public var callDeadline: Duration = .seconds(10)
    /// How long after an assignment's deadline a node goes on with it: clocks differ, and a later round of the same
    /// request can use the answer.
    public var grace: Duration = .seconds(60)
    /// How long pending votes may take when the worker is told to stop.
    public var drain: Duration = .seconds(5)
    /// Votes that may wait for their sets; with more, no work is taken.
    public var pendingVotes = 64
    /// How often the node looks for a newer certificate.
    public var certificateInterval: Duration = .seconds(300)
    /// How often the node looks which models are registered.
    public var registrationInterval: Duration = .seconds(30)
    /// The longest pause before a registered model that could not be taken up is tried again.
    public var longestTakeUpPause: Duration = .seconds(1_800)
    /// How long a model is served that is registered no more: requests that came before are to end.
    public var withdrawalGrace: Duration = .seconds(900)
    /// The longest pause before any repetition.
    public var longestPause: Duration = .seconds(2)

    /// The numbers above.
    public init() {}
}
