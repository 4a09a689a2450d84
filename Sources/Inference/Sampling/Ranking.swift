/// The order in which the filters see tokens: logit descending, then token id ascending.
package enum Ranking {
    /// An integer that is smaller for a token of better rank; different for every token.
    @inline(__always)
    package static func key(_ logit: Float, _ token: Int) -> UInt64 {
        // Adding zero turns −0 into +0: they are equal as logits.
        let bits = (logit + 0).bitPattern
        let ascending = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
        return UInt64(~ascending) << 32 | UInt64(UInt32(truncatingIfNeeded: token))
    }
}

/// Finds where a prefix of the ranking ends, without sorting: a radix selection, at most six passes.
final class PrefixSelection {
    /// Ranking keys of the candidates, in any order.
    let keys: UnsafeMutableBufferPointer<UInt64>
    /// What each candidate counts for.
    let weights: UnsafeMutableBufferPointer<UInt64>
    private let histogram: UnsafeMutableBufferPointer<UInt64>

    init(capacity: Int) {
        keys = .allocate(capacity: capacity)
        weights = .allocate(capacity: capacity)
        histogram = .allocate(capacity: 2048)
        keys.initialize(repeating: 0)
        weights.initialize(repeating: 0)
    }

    deinit {
        keys.deallocate()
        weights.deallocate()
        histogram.deallocate()
    }

    /// The key that ends the shortest prefix whose weights add up to `goal` or more.
    ///
    /// The first `count` keys and weights are the candidates and are overwritten; 0 < goal ≤ the sum of all weights.
    func end(count: Int, goal: UInt64) -> UInt64 {
        var remaining = count
        var goal = goal
        var shift: UInt64 = 53
        while remaining > 1 {
            histogram.update(repeating: 0)
            for index in 0..<remaining {
                // Not `&+=`: with the thread sanitizer the compiler fails on an access in place here.
                let bin = Int(keys[index] >> shift & 2047)
                histogram[bin] = histogram[bin] &+ weights[index]
            }
            var digit: UInt64 = 0
            while histogram[Int(digit)] < goal {
                goal -= histogram[Int(digit)]
                digit += 1
            }
            var kept = 0
            for index in 0..<remaining where keys[index] >> shift & 2047 == digit {
                keys[kept] = keys[index]
                weights[kept] = weights[index]
                kept += 1
            }
            remaining = kept
            shift = shift > 11 ? shift - 11 : 0
        }
        return keys[0]
    }
}
