/// What a gate goes through before it is multiplied with its partner. Counted as in CKernels.h.
package enum GatedActivation: Int32, CaseIterable, Sendable {
    case silu
    /// The approximation by tanh.
    case gelu
}
