public import Cryptography

/// 32 bytes that fix all sampling noise of an answer. JSON: 64 lower-case hexadecimal digits.
public struct NoiseSeed: HexadecimalCodable {
    /// What it is called in an error.
    public static let typeName = "noise seed"
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// `nil` unless there are exactly 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}

/// The Gumbel variates of one answer: a function of seed, position and token, not of any history of draws.
package struct Noise: Sendable {
    /// No variate is larger: −ln(−ln(1 − 2⁻³³)) is below 22.88, and the computed one is within an ulp or two.
    package static let upperBound = 23.0

    private let key: SIMD2<UInt32>
    private let base: SIMD2<UInt32>

    /// SHA-256 of `dna/noise/1` and the seed gives four little-endian words: two for the key, two for the counter.
    package init(seed: NoiseSeed) {
        let digest = SHA256.hash(Array("dna/noise/1".utf8) + seed.bytes)
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(digest[4 * index + $1]) << (8 * UInt32($1)) }
        }
        key = SIMD2(word(0), word(1))
        base = SIMD2(word(2), word(3))
    }

    /// The random words of the tokens 4·group … 4·group + 3 at a position.
    @inline(__always)
    package func words(position: UInt32, group: UInt32) -> SIMD4<UInt32> {
        Philox.block(key: key, counter: SIMD4(group, position, base[0], base[1]))
    }

    /// The random word of one token at a position.
    @inline(__always)
    package func word(position: UInt32, token: TokenID) -> UInt32 {
        let token = UInt32(bitPattern: token)
        return words(position: position, group: token >> 2)[Int(token & 3)]
    }

    /// −ln(−ln u) for u = (word + ½)·2⁻³², which is exact in binary64.
    @inline(__always)
    package static func gumbel(_ word: UInt32) -> Double {
        let u = (Double(word) + 0.5) * 0x1p-32
        return -ExactDouble.log(-ExactDouble.log(u))
    }

    /// A cheap bound: gumbel(word) ≤ bound(word), and bound is a non-decreasing function of the word.
    ///
    /// −ln u ≥ 1 − u ≥ 2⁻⁽ᶻ⁺¹⁾ where z is the number of leading ones of the word, so g ≤ (z + 1)·ln 2. The
    /// constant is ln 2 rounded up generously, so that the rounding errors of the computed g are covered.
    @inline(__always)
    package static func bound(_ word: UInt32) -> Double {
        Double((~word).leadingZeroBitCount + 1) * 0.6932
    }
}
