import CKernels

/// Which implementation computes. All give the same bits.
public enum InstructionSet: String, CaseIterable, Sendable, Codable {
    /// The fastest this machine has.
    case auto
    /// AVX-512 with VNNI.
    case avx512
    /// AVX2 with FMA and F16C.
    case avx2
    /// NEON with dot products.
    case neon
    /// C without vector instructions of its own.
    case portable
    /// Plain Swift loops: the definition, slow.
    case reference

    /// Whether this machine can run it.
    public var isAvailable: Bool {
        switch self {
        case .auto, .portable, .reference: true
        case .avx2: dna_has_avx2()
        case .avx512: dna_has_avx512()
        case .neon: dna_has_neon()
        }
    }

    /// `auto` made concrete; anything else unchanged.
    public var resolved: InstructionSet {
        guard self == .auto else { return self }
        return [.avx512, .avx2, .neon].first(where: \.isAvailable) ?? .portable
    }
}

/// Questions to the thread and the machine that the numerics depend on.
public enum FloatEnvironment {
    /// True when the calling thread rounds to nearest even and keeps subnormals.
    public static var isExact: Bool { dna_float_environment_is_exact() }
}

/// What a spinning or pinned thread asks of its CPU.
package enum Processor {
    @inline(__always) package static func spinHint() { dna_spin_hint() }
    /// Keeps the calling thread on one CPU; false when the system refuses.
    package static func pin(to cpu: Int) -> Bool { dna_pin_to_cpu(Int32(clamping: cpu)) }
}
