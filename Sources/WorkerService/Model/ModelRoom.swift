import DNAProtocol

/// What all models of a worker may take together.
struct ModelRoom: Sendable {
    /// Bytes of memory.
    let memory: Int

    /// Throws ``TakeUpError`` when a model has no room beside others.
    func check(_ manifest: Manifest, besides others: [Manifest]) throws(TakeUpError) {
        guard others.count < AssignmentPoll.Body.maximumModels else { throw .tooMany }
        let used = others.reduce(0) { $0 + $1.environment.memory }
        guard manifest.environment.memory <= memory - used else {
            throw .noMemory(needed: manifest.environment.memory, used: used, limit: memory)
        }
    }
}

/// Why a model is not served.
enum TakeUpError: Error, Hashable, CustomStringConvertible {
    /// Less memory than it needs.
    case noMemory(needed: Int, used: Int, limit: Int)
    /// As many are served as a poll can name.
    case tooMany
    /// Nobody gave the package; what each source led to, in their order.
    case noSource([String])

    /// A sentence for the operator.
    var description: String {
        switch self {
        case .noMemory(let needed, let used, let limit):
            "it needs \(needed) bytes of memory, other models have \(used), and together they may have \(limit): "
                + "raise --model-memory"
        case .tooMany: "\(AssignmentPoll.Body.maximumModels) models are served already"
        case .noSource(let failures): "no source gave the package: \(failures.joined(separator: "; "))"
        }
    }
}
