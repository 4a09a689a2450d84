/// How a model is spread over threads. The results are the same.
public enum ShardPlan: String, CaseIterable, Sendable, Codable {
    /// By how many requests are running: rows for few, a pipeline for many.
    case auto
    /// Every thread computes some rows of every matrix: one request is answered soonest.
    case rows
    /// Every thread computes some consecutive layers, with their keys and values, of one batch while the others compute
    /// other batches: nothing is waited for inside a layer, and what a core reads stays its own.
    case pipeline
}
