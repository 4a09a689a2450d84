/// Tensors as names in a file.
package enum TensorNames: TensorForm {
    package typealias Matrix = MatrixName
    package typealias Vector = VectorName
}

/// A matrix in a file: a tensor, or some of its rows. Further dimensions of a tensor count as rows.
package struct MatrixName: Hashable, Sendable {
    package let tensor: String
    package let columns: Int
    /// Rows of the whole tensor.
    package let tensorRows: Int
    /// The rows that are the matrix.
    package let rows: Range<Int>

    package init(tensor: String, columns: Int, tensorRows: Int, rows: Range<Int>) {
        self.tensor = tensor
        self.columns = columns
        self.tensorRows = tensorRows
        self.rows = rows
    }
}

/// A vector in a file.
package struct VectorName: Hashable, Sendable {
    package let tensor: String
    package let count: Int
}

/// A model whose tensors are names in a file.
package typealias ModelDescription = Model<TensorNames>

/// Turns names into weights.
protocol TensorLoader<Form> {
    associatedtype Form: TensorForm
    func matrix(_ name: MatrixName) throws(ModelError) -> Form.Matrix
    func vector(_ name: VectorName) throws(ModelError) -> Form.Vector
}

extension ModelDescription {
    /// The same model with its weights.
    func load<New: TensorForm>(by loader: some TensorLoader<New>) throws(ModelError) -> Model<New> {
        Model<New>(
            configuration: configuration, epsilon: epsilon,
            rotaries: try rotaries.map { (rotary) throws(ModelError) in try rotary.load(by: loader) },
            embeddings: try loader.matrix(embeddings), embeddingScale: embeddingScale,
            layers: try layers.map { (layer) throws(ModelError) in try layer.load(by: loader) },
            outputNorm: try loader.vector(outputNorm), output: try loader.matrix(output), logitCap: logitCap)
    }
}

extension Rotary<TensorNames> {
    fileprivate func load<New: TensorForm>(by loader: some TensorLoader<New>) throws(ModelError) -> Rotary<New> {
        Rotary<New>(
            pairing: pairing, pairs: pairs, base: base, factors: try factors.load(by: loader), linear: linear,
            magnitude: magnitude)
    }
}

extension Layer<TensorNames> {
    fileprivate func load<New: TensorForm>(by loader: some TensorLoader<New>) throws(ModelError) -> Layer<New> {
        Layer<New>(attention: try attention.load(by: loader), feedForward: try feedForward.load(by: loader))
    }
}

extension Attention<TensorNames> {
    fileprivate func load<New: TensorForm>(
        by loader: some TensorLoader<New>
    ) throws(ModelError) -> Attention<New> {
        Attention<New>(
            norm: try loader.vector(norm), query: try query.load(by: loader), key: try key.load(by: loader),
            value: try value.load(by: loader), queryNorm: try queryNorm.load(by: loader),
            keyNorm: try keyNorm.load(by: loader), output: try loader.matrix(output),
            postNorm: try postNorm.load(by: loader), heads: heads, rotary: rotary, window: window, scale: scale,
            scoreCap: scoreCap)
    }
}

extension Projection<TensorNames> {
    fileprivate func load<New: TensorForm>(
        by loader: some TensorLoader<New>
    ) throws(ModelError) -> Projection<New> {
        Projection<New>(matrix: try loader.matrix(matrix), bias: try bias.load(by: loader))
    }
}

extension FeedForward<TensorNames> {
    fileprivate func load<New: TensorForm>(
        by loader: some TensorLoader<New>
    ) throws(ModelError) -> FeedForward<New> {
        let network: FeedForward<New>.Network =
            switch network {
            case .gated(let network): .gated(try network.load(by: loader))
            case .experts(let experts): .experts(try experts.load(by: loader))
            }
        return FeedForward<New>(
            norm: try loader.vector(norm), network: network, postNorm: try postNorm.load(by: loader))
    }
}

extension GatedNetwork<TensorNames> {
    fileprivate func load<New: TensorForm>(
        by loader: some TensorLoader<New>
    ) throws(ModelError) -> GatedNetwork<New> {
        GatedNetwork<New>(
            activation: activation, length: length, gate: try loader.matrix(gate), up: try loader.matrix(up),
            down: try loader.matrix(down))
    }
}

extension Experts<TensorNames> {
    fileprivate func load<New: TensorForm>(by loader: some TensorLoader<New>) throws(ModelError) -> Experts<New> {
        Experts<New>(
            router: try loader.matrix(router), used: used,
            networks: try networks.map { (network) throws(ModelError) in try network.load(by: loader) })
    }
}

extension VectorName? {
    fileprivate func load<New: TensorForm>(by loader: some TensorLoader<New>) throws(ModelError) -> New.Vector? {
        guard let self else { return nil }
        return try loader.vector(self)
    }
}
