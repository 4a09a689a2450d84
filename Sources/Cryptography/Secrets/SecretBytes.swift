import CSodium

/// Secret memory: guarded pages, locked where the system allows it, wiped when the last reference goes.
///
/// `@unchecked`: the bytes are written only inside the initialiser and are immutable afterwards.
public final class SecretBytes: @unchecked Sendable {
    /// The number of bytes.
    public let count: Int
    private let pointer: UnsafeMutableRawPointer

    /// Allocates `count` bytes of zeros and lets `initialize` write them.
    public init<E: Error>(
        count: Int, initialize: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        precondition(count >= 0, "negative size")
        Sodium.require()
        // sodium_malloc(3) returns memory on guarded, locked pages; sodium_free wipes it.
        guard let memory = sodium_malloc(max(count, 1)) else { preconditionFailure("out of secret memory") }
        self.count = count
        pointer = memory
        sodium_memzero(memory, count)
        try initialize(UnsafeMutableRawBufferPointer(start: memory, count: count))
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
        sodium_free(pointer)
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
