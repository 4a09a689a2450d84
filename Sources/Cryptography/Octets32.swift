/// Thirty-two bytes held inline, so that keys, elements and digests cost no allocation.
package struct Octets32: Hashable, Sendable {
    // Words in memory order: byte i of the value is byte i of this storage.
    //
    // Not SIMD4<UInt64>, whose alignment of 32 bytes an async function's frame does not have: Swift 6.3 makes such frames
    // 16 bytes too small, and their functions write beyond them.
    private struct Words: Hashable, Sendable {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
        var fourth: UInt64 = 0
    }

    private var words = Words()

    package init() {}

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
        func keys(_ words: Words) -> (UInt64, UInt64, UInt64, UInt64) {
            (words.first.bigEndian, words.second.bigEndian, words.third.bigEndian, words.fourth.bigEndian)
        }
        return keys(left.words) < keys(right.words)
    }
}
