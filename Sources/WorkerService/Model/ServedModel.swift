public import DNAProtocol
public import ModelStorage

/// A model that is loaded.
public struct ServedModel: Sendable {
    /// Computes what requests ask of it, with an engine of its own.
    public let computation: RequestComputation
    /// Keeps its package in the cache; nil for one that lies elsewhere.
    let package: CachedPackage?

    /// Joins both.
    public init(_ computation: RequestComputation, package: CachedPackage? = nil) {
        self.computation = computation
        self.package = package
    }

    /// The model's id.
    public var id: ModelID { computation.model.id }
    /// Assignments that its engine computes at the same time.
    var capacity: Int { computation.engine.sequences }
}
