/// Which experts of a mixture compute a token, and with what weight: the same function for the fast executor and the
/// reference.
package enum ExpertRouting {
    /// Chooses as many experts as `experts` has room for: those with the largest logits, of equals the lowest. Writes
    /// them in ascending order, and their weights, the softmax over the chosen alone. False when a logit is not finite.
    package static func route(
        logits: UnsafeBufferPointer<Float>, experts: UnsafeMutableBufferPointer<Int>,
        weights: UnsafeMutableBufferPointer<Float>
    ) -> Bool {
        precondition(!experts.isEmpty && experts.count <= logits.count && experts.count == weights.count)
        guard logits.allSatisfy(\.isFinite) else { return false }
        let (first, last) = rank(logits, experts)
        var chosen = 0
        for expert in logits.indices
        where logits[expert] > logits[last] || (logits[expert] == logits[last] && expert <= last) {
            experts[chosen] = expert
            chosen += 1
        }
        var sum: Float = 0
        for index in experts.indices {
            weights[index] = ReferenceNumerics.exp(logits[experts[index]] - logits[first])
            sum = sum + weights[index]
        }
        for index in weights.indices { weights[index] = weights[index] / sum }
        return true
    }

    /// Fills `best` with the experts of the largest logits in descending order; returns its first and its last.
    private static func rank(
        _ logits: UnsafeBufferPointer<Float>, _ best: UnsafeMutableBufferPointer<Int>
    ) -> (first: Int, last: Int) {
        var count = 0
        for expert in logits.indices {
            var place = count
            while place > 0, logits[expert] > logits[best[place - 1]] { place -= 1 }
            guard place < best.count else { continue }
            count = min(count + 1, best.count)
            var moved = count - 1
            while moved > place {
                best[moved] = best[moved - 1]
                moved -= 1
            }
            best[place] = expert
        }
        return (best[0], best[best.count - 1])
    }
}
