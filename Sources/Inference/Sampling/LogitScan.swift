/// Passes over all logits, eight at a time; the result does not depend on that.
enum LogitScan {
    /// The largest logit, or nil if one is not finite.
    static func maximum(_ logits: UnsafeBufferPointer<Float>) -> Float? {
        let exponent = SIMD8<UInt32>(repeating: 0x7f80_0000)
        var largest = SIMD8<Float>(repeating: -.infinity)
        var flaws = SIMDMask<SIMD8<Int32>>(repeating: false)
        let raw = UnsafeRawPointer(logits.baseAddress!)  // Never empty: the vocabulary has a token.
        var index = 0
        while index + 8 <= logits.count {
            let values = raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
            largest.replace(with: values, where: values .> largest)
            let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
            flaws = flaws .| ((bits & exponent) .== exponent)
            index += 8
        }
        if any(flaws) { return nil }
        var result = largest.max()
        while index < logits.count {
            guard logits[index].isFinite else { return nil }
            result = max(result, logits[index])
            index += 1
        }
        return result
    }

    /// The lowest index of a value that is there; −0 and +0 are equal.
    static func firstIndex(of value: Float, in logits: UnsafeBufferPointer<Float>) -> Int {
        let raw = UnsafeRawPointer(logits.baseAddress!)  // Never empty: the vocabulary has a token.
        let values = SIMD8(repeating: value)
        var index = 0
        while index + 8 <= logits.count,
            !any(raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self) .== values)
        {
            index += 8
        }
        while logits[index] != value { index += 1 }
        return index
    }

    /// Whether a logit in the range, of at most four, is at least `threshold`.
    @inline(__always)
    static func reaches(_ threshold: Float, _ logits: UnsafeBufferPointer<Float>, _ first: Int, _ end: Int) -> Bool {
        if end - first == 4 {
            let raw = UnsafeRawPointer(logits.baseAddress!)  // Never empty: the vocabulary has a token.
            let values = raw.loadUnaligned(fromByteOffset: first * 4, as: SIMD4<Float>.self)
            return any(values .>= threshold)
        }
        return (first..<end).contains { logits[$0] >= threshold }
    }
}
