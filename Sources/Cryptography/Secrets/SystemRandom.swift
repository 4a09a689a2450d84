import CSodium

/// The operating system's random generator.
public enum SystemRandom {
    /// Public random bytes: salts, nonces, challenges.
    public static func bytes(count: Int) -> [UInt8] {
        Sodium.require()
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            randombytes_buf(buffer.baseAddress!, count)
            initialized = count
        }
    }

    /// Secret random bytes: keys.
    public static func secret(count: Int) -> SecretBytes {
        SecretBytes(count: count) { randombytes_buf($0.baseAddress!, $0.count) }
    }
}

/// Where pure code gets its secret randomness from: the system, a seed that must repeat, or a test's script.
public protocol SecretRandomness {
    /// The next `count` bytes.
    mutating func secret(count: Int) -> SecretBytes
}

/// ``SystemRandom`` as a ``SecretRandomness``.
public struct SystemRandomness: SecretRandomness, Sendable {
    // Never read. Without it the value would be empty, and the thread sanitizer reads and writes at the address of an
    // empty value that is passed inout, which is no address at all.
    private let occupied: UInt8 = 0

    /// The system's generator has no state here.
    public init() {}

    /// The next `count` bytes from the operating system.
    public mutating func secret(count: Int) -> SecretBytes {
        SystemRandom.secret(count: count)
    }
}
