import GGUF

/// The `llama` family by the definition alone: token by token, one scalar after the other.
final class ReferenceLlama: LanguageModel {
    private struct Layer {
        let attentionNorm, feedForwardNorm: [Float]
        let query, key, value, attentionOutput, gate, up, down: ReferenceMatrix
    }

    private final class Cache: SequenceCache {
        /// Rounded keys and values by layer, key/value head and position.
        var keys: [[[[Float]]]]
        var values: [[[[Float]]]]
        init(_ sizes: ModelConfiguration) {
            keys = Array(repeating: Array(repeating: [], count: sizes.keyValueHeads), count: sizes.layers)
            values = keys
        }
    }

    let configuration: ModelConfiguration
    let chunkLimit = (plain: 16, withOutputs: 16)
    private let embeddings: ReferenceMatrix
    private let layers: [Layer]
    private let outputNorm: [Float]
    private let output: ReferenceMatrix
    private let angles: RotaryAngles
    private let states: UnsafeMutablePointer<Float>
    private let scores: UnsafeMutablePointer<Float>

    init(_ file: GGUFFile) throws(ModelError) {
        let sizes = try ModelConfiguration(file.header)
        let source = TensorSource(file: file)
        func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> ReferenceMatrix {
            let tensor = try source.tensor(name, shape: [columns, rows])
            return file.withBytes(of: tensor) {
                ReferenceMatrix(type: tensor.type, columns: columns, bytes: Array($0))
            }
        }
        let (width, inner) = (sizes.embedding, sizes.feedForward)
        embeddings = try matrix("token_embd.weight", sizes.vocabulary, width)
        var layers: [Layer] = []
        for index in 0..<sizes.layers {
            let prefix = "blk.\(index)."
            layers.append(
                Layer(
                    attentionNorm: try source.vector(prefix + "attn_norm.weight", count: width),
                    feedForwardNorm: try source.vector(prefix + "ffn_norm.weight", count: width),
                    query: try matrix(prefix + "attn_q.weight", sizes.queryLength, width),
                    key: try matrix(prefix + "attn_k.weight", sizes.keyValueLength, width),
                    value: try matrix(prefix + "attn_v.weight", sizes.keyValueLength, width),
                    attentionOutput: try matrix(prefix + "attn_output.weight", width, sizes.queryLength),
                    gate: try matrix(prefix + "ffn_gate.weight", inner, width),
                    up: try matrix(prefix + "ffn_up.weight", inner, width),
                    down: try matrix(prefix + "ffn_down.weight", width, inner)))
        }
        self.layers = layers
        outputNorm = try source.vector("output_norm.weight", count: width)
        output =
            file.header.tensors["output.weight"] == nil
            ? embeddings : try matrix("output.weight", sizes.vocabulary, width)
        angles = RotaryAngles(base: sizes.rotaryBase, pairs: sizes.rotaryPairs)
        configuration = sizes
        states = .allocate(capacity: 16 * width)
        states.initialize(repeating: 0, count: 16 * width)
        scores = .allocate(capacity: 16 * sizes.vocabulary)
        scores.initialize(repeating: 0, count: 16 * sizes.vocabulary)
    }

    deinit {
        states.deallocate()
        scores.deallocate()
    }

    func makeCache(capacity: Int) -> SequenceCache { Cache(configuration) }

    func hidden(_ row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: states + row * configuration.embedding, count: configuration.embedding)
    }

    func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: scores + row * configuration.vocabulary, count: configuration.vocabulary)
    }

    func forward(_ tokens: UnsafeBufferPointer<TokenID>, _ cache: SequenceCache, _ outputs: OutputRows) -> Int? {
        guard let cache = cache as? Cache else { preconditionFailure("a cache of another model") }
        var row = 0
        for (index, token) in tokens.enumerated() {
            guard let residual = step(Int(token), position: cache.length, cache) else { return index }
            cache.length += 1
            guard outputs == .all || (outputs == .last && index == tokens.count - 1) else { continue }
            guard
                let state = ReferenceNumerics.normalize(
                    residual, weight: outputNorm, epsilon: configuration.epsilon),
                let logits = product(output, configuration.vocabulary, state)
            else { return index }
            (states + row * state.count).update(from: state, count: state.count)
            (scores + row * logits.count).update(from: logits, count: logits.count)
            row += 1
        }
        return nil
    }

    /// Matrix times vector; nil when a value of the vector is not finite.
    private func product(_ matrix: ReferenceMatrix, _ rows: Int, _ x: [Float]) -> [Float]? {
        ReferenceActivation(x).map { input in (0..<rows).map { matrix.dot(row: $0, input) } }
    }

    private func add(_ x: [Float], _ y: [Float]) -> [Float] { zip(x, y).map { $0 + $1 } }

    /// One token through all layers; nil when a value is not finite.
    private func step(_ token: Int, position: Int, _ cache: Cache) -> [Float]? {
        let sizes = configuration
        var residual = embeddings.row(token)
        for (index, layer) in layers.enumerated() {
            guard
                let normed = ReferenceNumerics.normalize(
                    residual, weight: layer.attentionNorm, epsilon: sizes.epsilon),
                let attended = attention(layer, index, normed, position, cache),
                let mixed = product(layer.attentionOutput, sizes.embedding, attended)
            else { return nil }
            residual = add(residual, mixed)
            guard
                let normedAgain = ReferenceNumerics.normalize(
                    residual, weight: layer.feedForwardNorm, epsilon: sizes.epsilon),
                let gate = product(layer.gate, sizes.feedForward, normedAgain),
                let up = product(layer.up, sizes.feedForward, normedAgain),
                let down = product(layer.down, sizes.embedding, ReferenceNumerics.activate(.silu, gate: gate, up: up))
            else { return nil }
            residual = add(residual, down)
        }
        return residual
    }

    private func attention(_ layer: Layer, _ index: Int, _ x: [Float], _ position: Int, _ cache: Cache) -> [Float]? {
        let sizes = configuration
        guard let query = product(layer.query, sizes.queryLength, x),
            let key = product(layer.key, sizes.keyValueLength, x),
            let value = product(layer.value, sizes.keyValueLength, x)
        else { return nil }
        var cosines = [Float](repeating: 0, count: sizes.rotaryPairs)
        var sines = cosines
        angles.write(position: position, cosines: &cosines, sines: &sines)
        func head(_ vector: [Float], _ index: Int) -> [Float] {
            Array(vector[index * sizes.headDimension..<(index + 1) * sizes.headDimension])
        }
        for kv in 0..<sizes.keyValueHeads {
            var rotated = head(key, kv)
            ReferenceNumerics.rotate(&rotated, pairing: .adjacent, cosines: cosines, sines: sines)
            cache.keys[index][kv].append(rotated.map(ReferenceNumerics.roundToHalf))
            cache.values[index][kv].append(head(value, kv).map(ReferenceNumerics.roundToHalf))
            guard cache.keys[index][kv][position].allSatisfy(\.isFinite),
                cache.values[index][kv][position].allSatisfy(\.isFinite)
            else { return nil }
        }
        var result: [Float] = []
        for h in 0..<sizes.heads {
            var rotated = head(query, h)
            ReferenceNumerics.rotate(&rotated, pairing: .adjacent, cosines: cosines, sines: sines)
            let kv = h / (sizes.heads / sizes.keyValueHeads)
            let attended = ReferenceNumerics.attend(
                query: rotated, keys: cache.keys[index][kv], values: cache.values[index][kv],
                scale: 1 / Float(sizes.headDimension).squareRoot())
            guard let attended else { return nil }
            result += attended
        }
        return result
    }
}
