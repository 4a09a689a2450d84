import GGUF
import Kernels

/// A model on packed weights: every thread of the team runs `step`, and `barrier` separates what depends on the others.
final class PackedModel: LanguageModel, @unchecked Sendable {
    let model: Model<PackedTensors>
    let sizes: PackedSizes
    let kernels: KernelSet
    let pool: PagePool
    let work: Workspace
    let rowLimit: Int
    let outputLimit: Int
    private let angles: [RotaryAngles]
    private let team: ThreadTeam

    /// Logits of one batch: 16 MiB, so that a batch of outputs stays in the cache for who draws from them.
    private static let logitsOfBatch = 1 << 22

    init(_ file: GGUFFile, kernels: KernelSet, options: EngineOptions, context: Int) throws(EngineError) {
        do throws(ModelError) {
            model = try ModelDescription(file.header).load(by: PackedTensorLoader(TensorSource(file: file)))
            sizes = try PackedSizes(model.layers)
        } catch { throw .model(error) }
        let context = min(context, model.configuration.contextLength)
        self.kernels = kernels
        rowLimit = options.prefillChunk
        outputLimit = min(rowLimit, 64, max(1, Self.logitsOfBatch / model.configuration.vocabulary))
        angles = model.rotaries.map {
            RotaryAngles(
                base: $0.base, pairs: $0.pairs, factors: $0.factors, linear: $0.linear, magnitude: $0.magnitude)
        }
        pool = try PagePool(
            PageGeometry(layers: model.layers.count, heads: sizes.heads),
            positions: max(options.cachePositions ?? 0, context))
        work = Workspace(
            model, sizes, rows: rowLimit, outputs: outputLimit, threads: options.threads, context: context)
        team = try ThreadTeam(count: options.threads, cpus: options.cpus)
    }

    deinit { team.stop() }

    var configuration: ModelConfiguration { model.configuration }

    func openCache(_ tokens: [TokenID], reusable: Int, capacity: Int) -> SequenceCache? {
        pool.open(tokens, reusable: reusable, capacity: capacity)
    }

    func publish(_ cache: SequenceCache, _ tokens: [TokenID]) { pool.publish(paged(cache), tokens) }
    func close(_ cache: SequenceCache) { pool.close(paged(cache)) }

    private func paged(_ cache: SequenceCache) -> PagedCache {
        guard let cache = cache as? PagedCache else { preconditionFailure("a cache of another model") }
        return cache
    }

    func failed(row: Int) -> Bool { work.failed(row) }

    func hidden(_ output: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: work.final.floats(output), count: configuration.embedding)
    }

    func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: work.logits.row(output), count: configuration.vocabulary)
    }

    func inParallel(_ count: Int, _ body: (Int) -> Void) {
        guard count > 1 else { return (0..<count).forEach(body) }
        team.run { for index in ThreadShare($0, of: team).of(count) { body(index) } }
    }

    func run(_ batch: Batch) {
        work.begin(batch)
        team.run { step(ThreadShare($0, of: team)) }
    }

    private func step(_ share: ThreadShare) {
        embed(share)
        for index in model.layers.indices {
            let layer = model.layers[index]
            attend(layer.attention, layer: index, share)
            feedForward(layer.feedForward, share)
        }
        output(share)
    }

    private func embed(_ share: ThreadShare) {
        for row in share.of(work.count) {
            let residual = work.residual.row(row)
            model.embeddings.unpack(row: work.token(row), into: residual)
            if let scale = model.embeddingScale {
                kernels.scale(residual, by: scale, count: configuration.embedding)
            }
            for (rotation, rows) in zip(angles, work.angles) {
                rotation.write(
                    position: work.position(row), cosines: rows.cosines.row(row), sines: rows.sines.row(row))
            }
        }
    }

    /// RMSNorm of a row of the residual stream, ready for matrix products.
    func normalize(_ weight: [Float], row: Int, into input: MatrixInput, at index: Int, _ share: ThreadShare) {
        let finite = kernels.normalize(
            work.residual.row(row), weight: weight, count: configuration.embedding, epsilon: model.epsilon,
            into: input.floats(index))
        if !kernels.quantize(input, token: index) || !finite { work.fail(row, share.index) }
    }

    /// RMSNorm of a row's branch, which is then added to the residual stream. Without weights it is added as it is.
    func addBranch(_ weight: [Float]?, row: Int, _ share: ThreadShare) {
        let (branch, count) = (work.branch.row(row), configuration.embedding)
        if let weight {
            let finite = kernels.normalize(
                branch, weight: weight, count: count, epsilon: model.epsilon, into: branch)
            if !finite { work.fail(row, share.index) }
        }
        kernels.add(branch, to: work.residual.row(row), count: count)
    }

    func multiply(
        _ matrix: PackedMatrix, _ input: MatrixInput, rows: Range<Int>, into out: TokenRows, _ share: ThreadShare,
        adding: Bool = false
    ) {
        kernels.multiply(
            matrix, groups: share.of(matrix.groups), by: input, first: rows.lowerBound, count: rows.count,
            into: out.row(rows.lowerBound), stride: out.stride, adding: adding)
    }

    private func output(_ share: ThreadShare) {
        let outputs = work.outputs
        guard !outputs.isEmpty else { return }
        // Rows are shared out anew.
        share.barrier()
        for index in share.of(outputs.count) {
            normalize(model.outputNorm, row: outputs[index], into: work.final, at: index, share)
        }
        share.barrier()
        multiply(model.output, work.final, rows: 0..<outputs.count, into: work.logits, share)
        guard let cap = model.logitCap else { return }
        share.barrier()
        for index in share.of(outputs.count) {
            kernels.softCap(work.logits.row(index), count: work.logits.stride, cap: cap)
        }
    }
}
