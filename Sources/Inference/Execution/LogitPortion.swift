/// How many of a batch's outputs have logits at a time.
package enum LogitPortion {
    /// At most; more do not make the product faster.
    package static let outputs = 32
    /// Some bytes, so that the logits stay in the cache for who draws from them.
    private static let bytes = 1 << 24
    /// As many outputs share a pass over the weights.
    private static let tile = 8

    /// Whole tiles, if a batch has so many rows.
    package static func outputs(vocabulary: Int, rows: Int) -> Int {
        let fitting = bytes / (MemoryLayout<Float>.stride * vocabulary)
        return min(rows, outputs, max(1, (fitting + tile / 2) / tile) * tile)
    }
}
