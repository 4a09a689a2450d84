/// Thirty-two bytes held inline, so that keys, elements and digests cost no allocation.
package struct Octets32: Hashable, Sendable {
    // Words in memory order: byte i of the value is byte i of this storage.
    private var words: SIMD4<UInt64>

    package init() {
        words = .zero
    }

    /// `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init()
        withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    }

    package init(filledBy body: (UnsafeMutablePointer<UInt8>) -> Void) {
        self.init()
        withUnsafeMutableBytes { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }

    package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    @inline(__always)
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try Swift.withUnsafeBytes(of: words, body)
    }

    @inline(__always)
    package func withPointer<R, E: Error>(_ body: (UnsafePointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try withUnsafeBytes { bytes throws(E) in try body(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }

    private mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        Swift.withUnsafeMutableBytes(of: &words, body)
    }
}

extension Octets32: Comparable {
    /// The order of the byte strings, first byte first.
    package static func < (left: Octets32, right: Octets32) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return UInt64(bigEndian: left.words[index]) < UInt64(bigEndian: right.words[index])
        }
        return false
    }
}
