/// The consecutive layers that a thread of a pipeline computes. The first stage begins with the embeddings, the last
/// ends with the outputs.
package struct Stage: Equatable, Sendable {
    package let layers: Range<Int>
    package let isFirst: Bool
    package let isLast: Bool

    /// Stages that take about the same time.
    static func stages(of model: Model<PackedTensors>, count: Int) -> [Stage] {
        split(model.layers.map(\.weightBytes), last: model.output.byteCount, count: count)
    }

    /// `costs` are those of the layers, `last` that of what follows them.
    package static func split(_ costs: [Int], last: Int, count: Int) -> [Stage] {
        let total = costs.reduce(last, +)
        var (stages, first, done): ([Stage], Int, Int) = ([], 0, 0)
        for stage in 0..<count {
            var end = first
            // A layer belongs to the stage in which its middle lies.
            while end < costs.count, stage == count - 1 || (done + costs[end] / 2) * count < total * (stage + 1) {
                done += costs[end]
                end += 1
            }
            stages.append(Stage(layers: first..<end, isFirst: stage == 0, isLast: stage == count - 1))
            first = end
        }
        return stages
    }
}

extension Layer<PackedTensors> {
    /// Bytes of weights that a row needs.
    fileprivate var weightBytes: Int {
        let matrices = [attention.query.matrix, attention.key.matrix, attention.value.matrix, attention.output]
        return matrices.reduce(feedForward.network.weightBytes) { $0 + $1.byteCount }
    }
}

extension FeedForward<PackedTensors>.Network {
    fileprivate var weightBytes: Int {
        switch self {
        case .gated(let network): network.weightBytes
        case .experts(let experts): experts.router.byteCount + experts.used * experts.networks[0].weightBytes
        }
    }
}

extension GatedNetwork<PackedTensors> {
    fileprivate var weightBytes: Int { gate.byteCount + up.byteCount + down.byteCount }
}
