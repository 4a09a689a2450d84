import GGUF

/// A model by the definition alone: token by token, one scalar after the other.
final class ReferenceModel: LanguageModel, @unchecked Sendable {
    /// The values of one position, or that one of them is not finite.
    struct NotFinite: Error {}

    final class Cache: SequenceCache {
        /// Rounded keys and values by layer, key/value head and position.
        var keys: [[[[Float]]]]
        var values: [[[[Float]]]]

        init(_ layers: [Layer<ReferenceTensors>]) {
            keys = layers.map { Array(repeating: [], count: $0.attention.heads.keyValueHeads) }
            values = keys
            super.init()
        }

        /// Forgets what stands at `length` and behind.
        func cut(to length: Int) {
            for layer in keys.indices {
                for head in keys[layer].indices {
                    keys[layer][head].removeLast(max(0, keys[layer][head].count - length))
                    values[layer][head].removeLast(max(0, values[layer][head].count - length))
                }
            }
        }
    }

    let model: Model<ReferenceTensors>
    private let angles: [RotaryAngles]

    init(_ file: GGUFFile) throws(ModelError) {
        model = try ModelDescription(file.header).load(by: ReferenceTensorLoader(source: TensorSource(file: file)))
        angles = model.rotaries.map { RotaryAngles($0) }
    }

    var configuration: ModelConfiguration { model.configuration }

    func openCache(_ tokens: [TokenID], reusable: Int, room: Int, limit: Int, besides others: Int) -> SequenceCache? {
        Cache(model.layers)
    }

    func grow(_ cache: SequenceCache, to room: Int) -> Bool { true }
    func publish(_ cache: SequenceCache, _ tokens: [TokenID]) {}
    func close(_ cache: SequenceCache) {}
    func run(_ source: any BatchSource) {
        let batch = ReferenceBatch(rowLimit: 16)
        let scratch = DrawScratch(vocabularySize: configuration.vocabulary)
        while source.fill(batch, ofConcurrent: 1) {
            batch.clear()
            for segment in batch.segments { compute(segment, of: batch) }
            for part in batch.parts { source.take(part, 0..<batch.outputs.count, of: batch, scratch) }
            source.finish(batch)
        }
    }

    /// Rows behind one that fails mean nothing.
    private func compute(_ segment: Batch.Segment, of batch: ReferenceBatch) {
        guard let cache = segment.cache as? Cache else { preconditionFailure("a cache of another model") }
        for row in segment.rows {
            cache.cut(to: batch.positions[row])
            do throws(NotFinite) {
                let residual = try step(Int(batch.tokens[row]), position: batch.positions[row], cache)
                guard let output = batch.outputs.firstIndex(of: row) else { continue }
                let (hidden, logits) = try draw(residual)
                batch.keep(hidden: hidden, logits: logits, output: output)
            } catch {
                batch.fail(row: row)
                return
            }
        }
    }

    /// The final hidden state and the logits.
    private func draw(_ residual: [Float]) throws(NotFinite) -> (hidden: [Float], logits: [Float]) {
        let state = try normalize(residual, model.outputNorm)
        let logits = try product(model.output, state)
        return (state, model.logitCap.map { cap in logits.map { ReferenceNumerics.softCap($0, cap: cap) } } ?? logits)
    }

    private func normalize(_ x: [Float], _ weight: [Float]) throws(NotFinite) -> [Float] {
        guard let y = ReferenceNumerics.normalize(x, weight: weight, epsilon: model.epsilon) else { throw NotFinite() }
        return y
    }

    private func product(_ matrix: ReferenceMatrix, _ x: [Float]) throws(NotFinite) -> [Float] {
        guard let input = ReferenceActivation(x) else { throw NotFinite() }
        return (0..<matrix.rows).map { matrix.dot(row: $0, input) }
    }

    private func add(_ x: [Float], _ y: [Float]) -> [Float] { zip(x, y).map { $0 + $1 } }

    /// One token through all layers.
    private func step(_ token: Int, position: Int, _ cache: Cache) throws(NotFinite) -> [Float] {
        var residual = model.embeddings.row(token)
        if let scale = model.embeddingScale { residual = residual.map { $0 * scale } }
        for (index, layer) in model.layers.enumerated() {
            residual = add(residual, try attend(layer.attention, index, residual, position, cache))
            residual = add(residual, try feedForward(layer.feedForward, residual))
        }
        return residual
    }

    private func project(_ projection: Projection<ReferenceTensors>, _ x: [Float]) throws(NotFinite) -> [Float] {
        let y = try product(projection.matrix, x)
        return projection.bias.map { add(y, $0) } ?? y
    }

    private func attend(
        _ attention: Attention<ReferenceTensors>, _ layer: Int, _ residual: [Float], _ position: Int, _ cache: Cache
    ) throws(NotFinite) -> [Float] {
        let x = try normalize(residual, attention.norm)
        let query = try project(attention.query, x)
        let key = try project(attention.key, x)
        let value = try project(attention.value, x)
        let size = attention.heads.dimension
        func head(_ vector: [Float], _ index: Int) -> [Float] { Array(vector[index * size..<(index + 1) * size]) }
        for index in 0..<attention.heads.keyValueHeads {
            let rotated = try rotate(head(key, index), norm: attention.keyNorm, attention.rotary, position)
            let (key, value) = (
                rotated.map(ReferenceNumerics.roundToHalf), head(value, index).map(ReferenceNumerics.roundToHalf)
            )
            guard key.allSatisfy(\.isFinite), value.allSatisfy(\.isFinite) else { throw NotFinite() }
            cache.keys[layer][index].append(key)
            cache.values[layer][index].append(value)
        }
        var heads: [Float] = []
        for index in 0..<attention.heads.heads {
            let rotated = try rotate(head(query, index), norm: attention.queryNorm, attention.rotary, position)
            let shared = index / attention.heads.group
            let first = attention.window.map { max(0, position + 1 - $0) } ?? 0
            let result = ReferenceNumerics.attend(
                query: rotated, keys: cache.keys[layer][shared], values: cache.values[layer][shared], start: first,
                scale: attention.scale, softCap: attention.scoreCap)
            guard let result else { throw NotFinite() }
            heads += result
        }
        let result = try product(attention.output, heads)
        guard let norm = attention.postNorm else { return result }
        return try normalize(result, norm)
    }

    /// A head's query or key, normed and rotated.
    private func rotate(
        _ head: [Float], norm: [Float]?, _ rotary: Int, _ position: Int
    ) throws(NotFinite) -> [Float] {
        let pairs = model.rotaries[rotary].pairs
        var cosines = [Float](repeating: 0, count: pairs)
        var sines = cosines
        angles[rotary].write(position: position, cosines: &cosines, sines: &sines)
        var rotated = head
        if let norm { rotated = try normalize(head, norm) }
        ReferenceNumerics.rotate(
            &rotated, pairing: model.rotaries[rotary].pairing, cosines: cosines, sines: sines)
        return rotated
    }

    private func feedForward(_ half: FeedForward<ReferenceTensors>, _ residual: [Float]) throws(NotFinite) -> [Float] {
        let x = try normalize(residual, half.norm)
        let result =
            switch half.network {
            case .gated(let network): try pass(network, x)
            case .experts(let experts): try pass(experts, x)
            }
        guard let norm = half.postNorm else { return result }
        return try normalize(result, norm)
    }

    private func pass(_ network: GatedNetwork<ReferenceTensors>, _ x: [Float]) throws(NotFinite) -> [Float] {
        let gate = try product(network.gate, x)
        let up = try product(network.up, x)
        return try product(network.down, ReferenceNumerics.activate(network.activation, gate: gate, up: up))
    }

    private func pass(_ experts: Experts<ReferenceTensors>, _ x: [Float]) throws(NotFinite) -> [Float] {
        let router = try product(experts.router, x)
        guard let chosen = ReferenceNumerics.route(logits: router, experts: experts.used) else { throw NotFinite() }
        var sum = [Float](repeating: 0, count: x.count)
        for (expert, weight) in chosen {
            let y = try pass(experts.networks[expert], x)
            for index in sum.indices { sum[index] = sum[index].addingProduct(weight, y[index]) }
        }
        return sum
    }
}
