/// An answer's text as it grows, and where a stop text ends it. Compares bytes of UTF-8, so that no platform's idea of
/// equal characters matters.
package struct StopTexts: Sendable {
    private let stops: [[UInt8]]
    private let longest: Int
    private var bytes: [UInt8] = []
    private var end: Int?

    /// Watches for `stops`, none of them empty.
    package init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }
        longest = self.stops.map(\.count).max() ?? 0
    }

    /// Takes the bytes of the next token. True when they complete a stop text.
    package mutating func append(_ piece: ArraySlice<UInt8>) -> Bool {
        // What lies further back has been searched already.
        let first = max(0, bytes.count - max(longest - 1, 0))
        bytes += piece
        end = (first..<bytes.count).first { start in
            stops.contains { bytes[start...].starts(with: $0) }
        }
        return end != nil
    }

    /// The text up to the first stop text; each ill-formed part of it is U+FFFD.
    package var text: String { String(decoding: bytes[..<(end ?? bytes.count)], as: UTF8.self) }
}
