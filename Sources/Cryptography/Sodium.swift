import CSodium

/// Starts libsodium once and refuses builds whose point validation is broken.
package enum Sodium {
    /// The outcome of the start, computed at first use. `nil` means usable.
    private static let startFailure: CryptographyError? = {
        // sodium_init(3): 0 on success, 1 when already initialised, −1 when unusable.
        guard sodium_init() >= 0 else { return .unusableLibrary(reason: "initialisation failed") }
        return probe { crypto_core_ed25519_is_valid_point($0) == 1 }
    }()

    /// Every entry into libsodium comes through here. Going on with a bad library would accept forged keys, so a
    /// process that did not run ``LibraryCheck`` first is stopped.
    @inline(__always)
    package static func require() {
        if let startFailure { preconditionFailure(startFailure.description) }
    }

    package static func check() throws(CryptographyError) {
        if let startFailure { throw startFailure }
    }

    /// CVE-2025-69277: `crypto_core_ed25519_is_valid_point` of some builds only looked at the x coordinate of L·P and
    /// so accepted P + (0, −1). Debian patches it without changing the version string; only a probe can tell.
    package static func probe(_ isValidPoint: (UnsafePointer<UInt8>) -> Bool) -> CryptographyError? {
        var one = [UInt8](repeating: 0, count: 32)
        one[0] = 1
        var base = [UInt8](repeating: 0, count: 32)
        guard crypto_scalarmult_ed25519_base_noclamp(&base, one) == 0, isValidPoint(base) else {
            return .unusableLibrary(reason: "the base point is refused")
        }
        // (0, −1), the point of order two: y = p − 1.
        var orderTwo = [UInt8](repeating: 0xFF, count: 32)
        orderTwo[0] = 0xEC
        orderTwo[31] = 0x7F
        var mixed = [UInt8](repeating: 0, count: 32)
        // A library whose addition already refuses points outside the subgroup cannot build the forgery.
        guard crypto_core_ed25519_add(&mixed, base, orderTwo) == 0 else { return nil }
        guard !isValidPoint(mixed), !isValidPoint(orderTwo) else {
            return .unusableLibrary(reason: "points outside the prime-order subgroup are accepted (CVE-2025-69277)")
        }
        return nil
    }
}

/// Lets a service check the cryptographic library at start and report what is wrong, rather than stop mid-way.
public enum LibraryCheck {
    /// Throws ``CryptographyError/unusableLibrary(reason:)`` when this machine's libsodium must not be used.
    public static func run() throws(CryptographyError) {
        try Sodium.check()
    }
}
