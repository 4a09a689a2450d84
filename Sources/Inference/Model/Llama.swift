import GGUF
import Kernels

/// The `llama` family: RMSNorm, RoPE, grouped-query attention, SwiGLU.
///
/// `step` is the model's diagram; every thread of the team runs it, and `barrier` separates what depends on the others.
final class Llama: LanguageModel, @unchecked Sendable {
    let configuration: ModelConfiguration
    let chunkLimit: (plain: Int, withOutputs: Int)
    private let weights: LlamaWeights
    private let kernels: KernelSet
    private let angles: RotaryAngles
    private let work: LlamaWorkspace
    private var team: ThreadTeam!  // set once in init; its body needs self

    init(_ file: GGUFFile, kernels: KernelSet, threads: Int, cpus: [Int]?, chunk: Int, context: Int)
        throws(EngineError)
    {
        do throws(ModelError) {
            configuration = try ModelConfiguration(file.header)
            weights = try LlamaWeights(file, configuration)
        } catch { throw .model(error) }
        self.kernels = kernels
        chunkLimit = (chunk, min(chunk, 32))
        angles = RotaryAngles(base: configuration.rotaryBase, pairs: configuration.rotaryPairs)
        work = LlamaWorkspace(
            configuration, tokens: chunk, outputs: chunkLimit.withOutputs, threads: threads, context: context)
        team = try ThreadTeam(count: threads, cpus: cpus) { [unowned self] thread in self.step(thread) }
    }

    deinit { team?.stop() }

    func makeCache(capacity: Int) -> SequenceCache { KeyValueCache(configuration, capacity: capacity) }
    func hidden(_ row: Int) -> UnsafeBufferPointer<Float> { work.hidden(row) }
    func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> { work.logits(row) }

    func forward(_ tokens: UnsafeBufferPointer<TokenID>, _ cache: SequenceCache, _ outputs: OutputRows) -> Int? {
        guard let cache = cache as? KeyValueCache else { preconditionFailure("a cache of another model") }
        precondition(!tokens.isEmpty && tokens.count <= (outputs == .all ? chunkLimit.withOutputs : chunkLimit.plain))
        precondition(cache.length + tokens.count <= cache.capacity, "the sequence is full")
        work.begin(
            tokens, cache, firstOutput: outputs == .none ? tokens.count : outputs == .last ? tokens.count - 1 : 0)
        team.run()
        cache.length += tokens.count
        return work.firstFailure()
    }

    private func step(_ thread: Int) {
        embed(thread)
        for index in weights.layers.indices {
            let layer = weights.layers[index]
            normalize(layer.attentionNorm, thread)
            team.barrier()
            multiply(layer.query, work.normed, work.query, thread)
            multiply(layer.key, work.normed, work.key, thread)
            multiply(layer.value, work.normed, work.value, thread)
            team.barrier()
            rotateAndStore(layer: index, thread)
            team.barrier()
            attend(layer: index, thread)
            team.barrier()
            quantize(work.attended, thread)
            team.barrier()
            multiply(layer.attentionOutput, work.attended, work.residual, thread, adding: true)
            team.barrier()
            normalize(layer.feedForwardNorm, thread)
            team.barrier()
            multiply(layer.gate, work.normed, work.gate, thread)
            multiply(layer.up, work.normed, work.up, thread)
            team.barrier()
            gateAndQuantize(thread)
            team.barrier()
            multiply(layer.down, work.activated, work.residual, thread, adding: true)
            team.barrier()
        }
        output(thread)
    }

    private func share(_ count: Int, _ thread: Int) -> Range<Int> {
        count * thread / team.count..<count * (thread + 1) / team.count
    }

    private func embed(_ thread: Int) {
        for token in share(work.count, thread) {
            weights.embeddings.unpack(row: Int(work.tokens[token]), into: work.residual.row(token))
            angles.write(
                position: work.position(token), cosines: work.cosines.row(token), sines: work.sines.row(token))
        }
    }

    private func normalize(_ weight: [Float], _ thread: Int, from first: Int = 0) {
        for index in share(work.count - first, thread) {
            let token = first + index
            let finite = kernels.normalize(
                work.residual.row(token), weight: weight, count: configuration.embedding,
                epsilon: configuration.epsilon, into: work.normed.floats(token))
            if !kernels.quantize(work.normed, token: token) || !finite { work.fail(token, thread) }
        }
    }

    private func multiply(
        _ matrix: PackedMatrix, _ input: MatrixInput, _ out: TokenRows, _ thread: Int, adding: Bool = false
    ) {
        kernels.multiply(
            matrix, groups: share(matrix.groups, thread), by: input, count: work.count, into: out.row(0),
            stride: out.stride, adding: adding)
    }

    private func rotateAndStore(layer: Int, _ thread: Int) {
        let sizes = configuration
        for token in share(work.count, thread) {
            let (cosines, sines) = (work.cosines.row(token), work.sines.row(token))
            kernels.rotate(
                work.query.row(token), heads: sizes.heads, headDimension: sizes.headDimension,
                pairs: sizes.rotaryPairs, pairing: .adjacent, cosines: cosines, sines: sines)
            kernels.rotate(
                work.key.row(token), heads: sizes.keyValueHeads, headDimension: sizes.headDimension,
                pairs: sizes.rotaryPairs, pairing: .adjacent, cosines: cosines, sines: sines)
            for head in 0..<sizes.keyValueHeads {
                let place = work.cache.place(layer: layer, head: head)
                let finite = kernels.store(
                    key: work.key.row(token) + head * sizes.headDimension,
                    value: work.value.row(token) + head * sizes.headDimension,
                    headDimension: sizes.headDimension, position: work.position(token),
                    page: work.cache.page(position: work.position(token)), keys: place.keys, values: place.values)
                if !finite { work.fail(token, thread) }
            }
        }
    }

    /// An item is one query head of one token when decoding, and a tile of tokens that share a key/value head in a
    /// prefill.
    private func attend(layer: Int, _ thread: Int) {
        let sizes = configuration
        let group = sizes.heads / sizes.keyValueHeads
        let (headsInItem, tokensInItem) = work.count == 1 ? (1, 1) : (group, max(1, 12 / group))
        let headItems = sizes.heads / headsInItem
        let tokenItems = (work.count + tokensInItem - 1) / tokensInItem
        for item in share(headItems * tokenItems, thread) {
            let firstToken = item / headItems * tokensInItem
            let firstHead = item % headItems * headsInItem
            work.attend(
                heads: firstHead..<firstHead + headsInItem,
                tokens: firstToken..<min(firstToken + tokensInItem, work.count), layer: layer, kernels, thread)
        }
    }

    private func quantize(_ input: MatrixInput, _ thread: Int) {
        for token in share(work.count, thread) where !kernels.quantize(input, token: token) {
            work.fail(token, thread)
        }
    }

    private func gateAndQuantize(_ thread: Int) {
        for token in share(work.count, thread) {
            kernels.activate(
                .silu, gate: work.gate.row(token), up: work.up.row(token), count: configuration.feedForward,
                into: work.activated.floats(token))
        }
        quantize(work.activated, thread)
    }

    private func output(_ thread: Int) {
        let first = work.firstOutput
        guard first < work.count else { return }
        normalize(weights.outputNorm, thread, from: first)
        team.barrier()
        kernels.multiply(
            weights.output, groups: share(weights.output.groups, thread), by: work.normed, first: first,
            count: work.count - first, into: work.outputs.row(0), stride: work.outputs.stride)
    }
}
