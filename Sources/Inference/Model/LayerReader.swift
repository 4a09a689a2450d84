import Kernels

/// Names the tensors of one layer, `blk.INDEX.NAME.weight`, as all families do.
struct LayerReader {
    let index: Int
    private let model: ModelReader

    init(_ model: ModelReader, _ index: Int) {
        self.model = model
        self.index = index
    }

    private var sizes: ModelSizes { model.sizes }
    private func tensor(_ name: String) -> String { "blk.\(index).\(name)" }

    /// The weights of an RMSNorm of the residual stream.
    func norm(_ name: String) -> VectorName { model.vector(tensor(name + ".weight"), sizes.embedding) }

    /// The weights of an RMSNorm of one head.
    func headNorm(_ name: String) -> VectorName { model.vector(tensor(name + ".weight"), sizes.heads.dimension) }

    /// A matrix on the residual stream. It has a bias if the file has one.
    func projection(_ name: String, rows: Int) -> Projection<TensorNames> {
        let bias = tensor(name + ".bias")
        return Projection(
            matrix: model.matrix(tensor(name + ".weight"), rows: rows, columns: sizes.embedding),
            bias: model.has(bias) ? model.vector(bias, rows) : nil)
    }

    var query: Projection<TensorNames> { projection("attn_q", rows: sizes.heads.queryLength) }
    var key: Projection<TensorNames> { projection("attn_k", rows: sizes.heads.keyValueLength) }
    var value: Projection<TensorNames> { projection("attn_v", rows: sizes.heads.keyValueLength) }

    /// Query, key and value matrices that lie one below the other in one tensor.
    var fusedQueryKeyValue: [Projection<TensorNames>] {
        let (query, key) = (sizes.heads.queryLength, sizes.heads.keyValueLength)
        return slices("attn_qkv", [query, key, key]).map { Projection(matrix: $0, bias: nil) }
    }

    /// Matrices on the residual stream that lie one below the other in one tensor.
    private func slices(_ name: String, _ rows: [Int]) -> [MatrixName] {
        var first = 0
        return rows.map { count in
            defer { first += count }
            return model.matrix(
                tensor(name + ".weight"), rows: first..<first + count, of: rows.reduce(0, +), columns: sizes.embedding)
        }
    }

    /// From the heads back to the residual stream.
    var attentionOutput: MatrixName {
        model.matrix(tensor("attn_output.weight"), rows: sizes.embedding, columns: sizes.heads.queryLength)
    }

    /// A gated network of three tensors.
    func gated(_ activation: GatedActivation) -> FeedForward<TensorNames>.Network {
        .gated(
            GatedNetwork(
                activation: activation, length: sizes.feedForward,
                gate: model.matrix(tensor("ffn_gate.weight"), rows: sizes.feedForward, columns: sizes.embedding),
                up: model.matrix(tensor("ffn_up.weight"), rows: sizes.feedForward, columns: sizes.embedding), down: down
            ))
    }

    /// A gated network whose gate lies above `up` in one tensor.
    func fusedGated(_ activation: GatedActivation) -> FeedForward<TensorNames>.Network {
        let parts = slices("ffn_up", [sizes.feedForward, sizes.feedForward])
        return .gated(
            GatedNetwork(
                activation: activation, length: sizes.feedForward, gate: parts[0], up: parts[1], down: down))
    }

    private var down: MatrixName {
        model.matrix(tensor("ffn_down.weight"), rows: sizes.embedding, columns: sizes.feedForward)
    }

    /// `used` of `count` gated networks of inner length `length`, whose matrices lie one below the other.
    func experts(
        _ activation: GatedActivation, used: Int, of count: Int, length: Int
    ) -> FeedForward<TensorNames>.Network {
        func matrices(_ name: String, rows: Int, columns: Int) -> [MatrixName] {
            let tensor = tensor(name + ".weight")
            return (0..<count).map {
                model.matrix(
                    tensor, rows: $0 * rows..<($0 + 1) * rows, of: count * rows, columns: columns)
            }
        }
        let gates = matrices("ffn_gate_exps", rows: length, columns: sizes.embedding)
        let ups = matrices("ffn_up_exps", rows: length, columns: sizes.embedding)
        let downs = matrices("ffn_down_exps", rows: sizes.embedding, columns: length)
        return .experts(
            Experts(
                router: model.matrix(tensor("ffn_gate_inp.weight"), rows: count, columns: sizes.embedding), used: used,
                networks: (0..<count).map {
                    GatedNetwork(
                        activation: activation, length: length, gate: gates[$0], up: ups[$0], down: downs[$0])
                }))
    }
}
