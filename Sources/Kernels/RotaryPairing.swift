/// Which elements of a head RoPE rotates with each other. Counted as in CKernels.h.
package enum RotaryPairing: Int32, CaseIterable, Sendable {
    /// 2i and 2i + 1.
    case adjacent
    /// i and i + pairs.
    case halves
}
