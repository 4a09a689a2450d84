public import GGUF

/// Why the engine did not do what it was asked.
public enum EngineError: Error, Equatable, CustomStringConvertible {
    /// The file is not readable as GGUF.
    case file(GGUFError)
    /// The file holds a model the engine does not run.
    case model(ModelError)
    /// The file's tokenizer is not supported.
    case tokenizer(TokenizerError)
    /// This machine lacks the instruction set.
    case unsupportedInstructionSet(InstructionSetName)
    /// An option is out of range.
    case invalidOption(String)
    /// The operating system gave no thread.
    case cannotStartThread
    /// A thread rounds otherwise than to nearest even, or flushes subnormals.
    case floatEnvironment
    /// There is nothing to continue.
    case emptyPrompt
    /// Prompt and answer do not fit the context.
    case promptTooLong(tokens: Int, limit: Int)
    /// A token id is not in the vocabulary.
    case invalidToken(TokenID)
    /// A sampling parameter is out of range.
    case sampling(SamplingError)
    /// Too many requests are waiting.
    case queueFull(limit: Int)
    /// The caller no longer wants the result.
    case cancelled
    /// The result was not there in time.
    case deadlineExceeded
    /// The system does not give so much address space for keys and values.
    case cannotReserveCache(bytes: Int)
    /// The system does not give so much memory for weights.
    case cannotReserveWeights(bytes: Int)
    /// A file of ``SharedWeights`` cannot be used. `code` is the system's `errno`.
    case sharedWeights(path: String, reason: String, code: Int32)

    /// An instruction set's name, as in ``EngineOptions``.
    public typealias InstructionSetName = String

    /// One sentence that says what is wrong.
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .model(let error): error.description
        case .tokenizer(let error): error.description
        case .unsupportedInstructionSet(let name): "this machine cannot run the instruction set '\(name)'"
        case .invalidOption(let reason): reason
        case .cannotStartThread: "the system gave no thread"
        case .floatEnvironment: "a thread's floating-point environment is not the default one"
        case .emptyPrompt: "the prompt is empty"
        case .promptTooLong(let tokens, let limit): "the prompt has \(tokens) tokens, the context only \(limit)"
        case .invalidToken(let token): "the token id \(token) is not in the vocabulary"
        case .sampling(let error): error.description
        case .queueFull(let limit): "\(limit) requests are waiting already"
        case .cancelled: "cancelled"
        case .deadlineExceeded: "the request's time is over"
        case .cannotReserveCache(let bytes): "the system gives no \(bytes) bytes for keys and values"
        case .cannotReserveWeights(let bytes): "the system gives no \(bytes) bytes for weights"
        case .sharedWeights(let path, let reason, let code): "\(path) \(reason) (errno \(code))"
        }
    }
}

extension EngineError {
    /// What `body` throws, as an error of the engine.
    static func ofModel<R>(_ body: () throws(ModelError) -> R) throws(EngineError) -> R {
        do throws(ModelError) { return try body() } catch { throw .model(error) }
    }
}
