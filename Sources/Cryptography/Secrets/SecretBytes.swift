import CSodium

/// Secret memory: guarded pages, locked where the system allows it, wiped when the last reference goes.
///
/// `@unchecked`: the bytes are written only inside the initialiser and are immutable afterwards.
public final class SecretBytes: @unchecked Sendable {
    /// The number of bytes.
    public let count: Int
    private let pointer: UnsafeMutableRawPointer
    private let isGuarded: Bool

    /// Allocates `count` bytes of zeros and lets `initialize` write them.
    public init<E: Error>(
        count: Int, initialize: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        precondition(count >= 0, "negative size")
        Sodium.require()
        let memory = Self.allocate(max(count, 1))
        self.count = count
        (pointer, isGuarded) = memory
        sodium_memzero(pointer, count)
        try initialize(UnsafeMutableRawBufferPointer(start: pointer, count: count))
    }

    /// sodium_malloc(3) returns memory on guarded, locked pages, for which it asks the system several times; a rehearsal
    /// has no secrets.
    private static func allocate(_ count: Int) -> (UnsafeMutableRawPointer, isGuarded: Bool) {
        guard Rehearsal.current == nil else { return (.allocate(byteCount: count, alignment: 16), false) }
        guard let memory = sodium_malloc(count) else { preconditionFailure("out of secret memory") }
        return (memory, true)
    }

    /// Copies memory that the caller wipes.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Takes the bytes of an array and wipes the array. Copies of the array made before are not wiped.
    public convenience init(taking bytes: inout [UInt8]) {
        self.init(count: bytes.count) { buffer in
            bytes.withUnsafeMutableBytes { source in
                buffer.copyMemory(from: UnsafeRawBufferPointer(source))
                sodium_memzero(source.baseAddress, source.count)
            }
        }
    }

    deinit {
        // sodium_free(3) wipes it.
        if isGuarded { sodium_free(pointer) } else { pointer.deallocate() }
    }

    /// Lends the bytes; the pointer must not leave `body`.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    @inline(__always)
    package func withPointer<R, E: Error>(_ body: (UnsafePointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(UnsafePointer(pointer.assumingMemoryBound(to: UInt8.self)))
    }

    /// A copy of a part of the bytes.
    public func slice(_ range: Range<Int>) -> SecretBytes {
        withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension SecretBytes: Equatable {
    /// Compares in time that depends on the length only.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { ConstantTime.areEqual(left, $0) } }
    }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    /// Never the content.
    public var description: String { "SecretBytes(\(count) bytes)" }

    /// Never the content, nor where it lies.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
