public import Kernels

/// How an engine runs. Nothing here changes a bit of any result, but that `contextLength` ends answers.
public struct EngineOptions: Sendable {
    /// Threads that compute together, 1 ... 256.
    public var threads: Int
    /// CPUs to pin the threads to, one after the other; nil leaves them to the system.
    public var cpus: [Int]?
    /// How the model is spread over the threads.
    public var shardPlan: ShardPlan
    /// The implementation.
    public var instructionSet: InstructionSet
    /// Positions of a sequence at most; nil: what the model was trained for.
    public var contextLength: Int?
    /// Tokens that go through the layers together in a prefill, 1 ... 1024.
    public var prefillChunk: Int
    /// Requests that run at the same time, 1 ... 256.
    public var sequences: Int
    /// Positions that the keys and values of all running requests may take together; nil, and at least: the context's
    /// length.
    public var cachePositions: Int?
    /// Whether the next tokens are guessed from what stands in the text already.
    public var guessing: Bool
    /// Requests that may wait for the engine.
    public var queueLimit: Int
    /// Where packed weights are shared with other processes; nil: this process packs its own. Not for `reference`.
    public var sharedWeights: SharedWeights?

    /// Defaults: one thread for each of the machine's CPUs at most 16, no pinning, the fastest instruction set.
    public init(
        threads: Int = EngineOptions.machineThreads, cpus: [Int]? = nil, shardPlan: ShardPlan = .auto,
        instructionSet: InstructionSet = .auto,
        contextLength: Int? = nil, prefillChunk: Int = 128, sequences: Int = 16, cachePositions: Int? = nil,
        guessing: Bool = true, queueLimit: Int = 64, sharedWeights: SharedWeights? = nil
    ) {
        self.threads = threads
        self.cpus = cpus
        self.shardPlan = shardPlan
        self.instructionSet = instructionSet
        self.contextLength = contextLength
        self.prefillChunk = prefillChunk
        self.sequences = sequences
        self.cachePositions = cachePositions
        self.guessing = guessing
        self.queueLimit = queueLimit
        self.sharedWeights = sharedWeights
    }

    func validate() throws(EngineError) {
        guard (1...256).contains(threads) else { throw .invalidOption("threads is \(threads), not in 1...256") }
        guard (1...1024).contains(prefillChunk) else {
            throw .invalidOption("the prefill chunk is \(prefillChunk), not in 1...1024")
        }
        guard (1...256).contains(sequences) else { throw .invalidOption("sequences is \(sequences), not in 1...256") }
        guard (1...1 << 26).contains(cachePositions ?? 1) else {
            throw .invalidOption("the cache's positions are \(cachePositions ?? 0), not in 1...2^26")
        }
        guard cpus?.isEmpty != true, cpus?.allSatisfy({ $0 >= 0 }) != false else {
            throw .invalidOption("the list of CPUs is empty or holds a negative number")
        }
        guard queueLimit >= 1 else { throw .invalidOption("the queue limit is \(queueLimit), not positive") }
        guard contextLength ?? 1 >= 1 else { throw .invalidOption("the context length is not positive") }
        guard instructionSet.isAvailable else { throw .unsupportedInstructionSet(instructionSet.rawValue) }
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension EngineOptions {
    /// The machine's online CPUs, at most 16.
    public static var machineThreads: Int { min(16, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }
}
