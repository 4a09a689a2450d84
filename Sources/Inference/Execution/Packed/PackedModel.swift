import GGUF
import Kernels

/// A model on packed weights, computed by a team of threads.
final class PackedModel: LanguageModel, @unchecked Sendable {
    let model: Model<PackedTensors>
    let sizes: PackedSizes
    let kernels: KernelSet
    let pool: PagePool
    let angles: [RotaryAngles]
    private let team: ThreadTeam
    private let plan: ShardPlan
    /// Scratch of the attention, by thread.
    let scores: [TokenRows]
    /// Scratch of the draws, by thread.
    private let draws: [DrawScratch]
    /// As many as there are threads in a pipeline, and one to fill meanwhile.
    private let batches: [PackedBatch]

    /// Rows of all batches together: 1 GiB, whatever sizes a file claims. A batch of a large model has fewer rows for it.
    private static let memoryOfRows = 1 << 30

    init(_ file: GGUFFile, kernels: KernelSet, options: EngineOptions, context: Int) throws(EngineError) {
        (model, sizes) = try Self.load(file, options.sharedWeights)
        let context = min(context, model.configuration.contextLength)
        self.kernels = kernels
        angles = model.rotaries.map { RotaryAngles($0) }
        pool = try PagePool(
            PageGeometry(layers: model.layers.count, heads: sizes.heads),
            positions: max(options.cachePositions ?? 0, context))
        team = try ThreadTeam(count: options.threads, cpus: options.cpus)
        scores = (0..<options.threads).map { _ in TokenRows(context + 15, rows: Workspace.queriesInTile) }
        draws = (0..<options.threads).map { [model] _ in DrawScratch(vocabularySize: model.configuration.vocabulary) }
        plan = options.threads == 1 ? .rows : options.shardPlan
        let count = plan == .rows ? 1 : options.threads + 1
        let rows = min(
            options.prefillChunk, max(1, Self.memoryOfRows / count / Workspace.bytesOfRow(model, sizes)))
        let vocabulary = model.configuration.vocabulary
        let logits = TokenRows(vocabulary, rows: LogitPortion.outputs(vocabulary: vocabulary, rows: rows))
        batches = (0..<count).map { [model, sizes] _ in
            PackedBatch(Workspace(model, sizes, rows: rows, logits: logits, threads: options.threads))
        }
    }

    private static func load(
        _ file: GGUFFile, _ shared: SharedWeights?
    ) throws(EngineError) -> (Model<PackedTensors>, PackedSizes) {
        let source = TensorSource(file: file)
        let (description, layout) = try EngineError.ofModel { () throws(ModelError) in
            let description = try ModelDescription(file.header)
            return (description, try PackedLayout(description, file.header))
        }
        let region = try region(layout, shared) { (region) throws(ModelError) in
            try layout.pack(source, into: region)
        }
        return try EngineError.ofModel { () throws(ModelError) in
            let model = try description.load(by: PackedTensorLoader(source, layout, in: region))
            return (model, try PackedSizes(model.layers))
        }
    }

    /// Packed weights: a process's own, or those of all that share them.
    private static func region(
        _ layout: PackedLayout, _ shared: SharedWeights?, pack: (MemoryRegion) throws(ModelError) -> Void
    ) throws(EngineError) -> MemoryRegion {
        if let shared { return try PackedFile(shared, byteCount: layout.byteCount).open(pack: pack) }
        guard let region = MemoryRegion(byteCount: layout.byteCount) else {
            throw .cannotReserveWeights(bytes: layout.byteCount)
        }
        try EngineError.ofModel { () throws(ModelError) in try pack(region) }
        return region
    }

    deinit { team.stop() }

    var configuration: ModelConfiguration { model.configuration }

    func openCache(_ tokens: [TokenID], reusable: Int, room: Int, limit: Int, besides others: Int) -> SequenceCache? {
        pool.open(tokens, reusable: reusable, room: room, limit: limit, sparing: others)
    }

    func grow(_ cache: SequenceCache, to room: Int) -> Bool { pool.grow(paged(cache), to: room) }
    func publish(_ cache: SequenceCache, _ tokens: [TokenID]) { pool.publish(paged(cache), tokens) }
    func close(_ cache: SequenceCache) { pool.close(paged(cache)) }

    private func paged(_ cache: SequenceCache) -> PagedCache {
        guard let cache = cache as? PagedCache else { preconditionFailure("a cache of another model") }
        return cache
    }

    func run(_ source: any BatchSource) {
        switch plan {
        case .rows: runRows(source)
        case .pipeline: runPipeline(source)
        case .auto: source.load >= 2 * team.count ? runPipeline(source) : runRows(source)
        }
    }

    /// One batch after the other; every matrix's rows are shared by the threads.
    private func runRows(_ source: any BatchSource) {
        let (batch, stage) = (batches[0], Stage(layers: model.layers.indices, isFirst: true, isLast: true))
        // Made once, for a closure is memory.
        let step = { [self] (thread: Int) in
            compute(stage, of: batch, ThreadShare(thread, of: team), thread: thread, source)
        }
        while source.fill(batch, ofConcurrent: 1) {
            batch.work.begin(batch)
            team.run(step)
            source.finish(batch)
            if plan == .auto, source.load >= 2 * team.count { return }
        }
    }

    private func compute(
        _ stage: Stage, of batch: PackedBatch, _ share: ThreadShare, thread: Int, _ source: any BatchSource
    ) {
        let pass = Pass(self, batch.work, share, thread: thread)
        pass.run(stage)
        guard stage.isLast else { return }
        let scratch = draws[thread]
        pass.output { portion in
            let own = share.of(portion.count)
            source.draw(portion.lowerBound + own.lowerBound..<portion.lowerBound + own.upperBound, of: batch, scratch)
            share.barrier()
            for index in share.of(batch.parts.count) {
                source.take(batch.parts[index], portion, of: batch, scratch)
            }
        }
    }

    /// Several batches at a time; every thread computes some layers of each.
    private func runPipeline(_ source: any BatchSource) {
        let pipeline = Pipeline(batches, stages: team.count)
        let stages = Stage.stages(of: model, count: team.count)
        team.run { [self] stage in
            pipeline.run(stage, source, while: { plan == .pipeline || source.load >= team.count }) { batch in
                if stage == 0 { batch.work.begin(batch) }
                compute(stages[stage], of: batch, .alone, thread: stage, source)
            }
        }
    }
}
