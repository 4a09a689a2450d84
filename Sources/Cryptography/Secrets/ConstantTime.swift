import CSodium

/// Comparisons whose duration does not depend on where the inputs differ.
public enum ConstantTime {
    /// Whether both memories hold the same bytes. Lengths are public.
    public static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
        return sodium_memcmp(leftBase, rightBase, left.count) == 0
    }

    /// Whether both arrays hold the same bytes. Lengths are public.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { areEqual(left, $0) } }
    }
}
