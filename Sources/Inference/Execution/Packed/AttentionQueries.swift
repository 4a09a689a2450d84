/// The queries of one call of an attention kernel, in temporary memory.
struct AttentionQueries {
    private(set) var count = 0
    private let inputs: UnsafeMutablePointer<UnsafePointer<Float>?>
    let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    let starts, ends: UnsafeMutablePointer<Int64>

    var queries: UnsafeBufferPointer<UnsafePointer<Float>?> { UnsafeBufferPointer(start: inputs, count: count) }

    /// Calls `body` with room for `limit` queries.
    static func with<R>(_ limit: Int, _ body: (inout Self) -> R) -> R {
        precondition(limit > 0)
        return withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: limit) { inputs in
            withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: limit) { outputs in
                withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2 * limit) { bounds in
                    var all = Self(
                        inputs: inputs.baseAddress!, outputs: outputs.baseAddress!, starts: bounds.baseAddress!,
                        ends: bounds.baseAddress! + limit)
                    return body(&all)
                }
            }
        }
    }

    mutating func append(
        _ query: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ positions: Range<Int>
    ) {
        (inputs + count).initialize(to: query)
        (outputs + count).initialize(to: output)
        (starts + count).initialize(to: Int64(positions.lowerBound))
        (ends + count).initialize(to: Int64(positions.upperBound))
        count += 1
    }
}
