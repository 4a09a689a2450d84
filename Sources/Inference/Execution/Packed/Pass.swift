import Kernels

/// One thread's part of a batch's way through layers. Every thread of a team runs the same, and `barrier` separates what
/// depends on the others.
struct Pass: ~Copyable {
    let model: Model<PackedTensors>
    let kernels: KernelSet
    let geometry: PageGeometry
    let work: Workspace
    let share: ThreadShare
    /// Scratch of the attention.
    let scores: TokenRows
    let headsInItem: Int
    private let angles: [RotaryAngles]

    /// `thread` is the number of the thread in the team, whatever its share.
    init(_ packed: PackedModel, _ work: Workspace, _ share: ThreadShare, thread: Int) {
        (model, kernels, geometry, angles) = (packed.model, packed.kernels, packed.pool.geometry, packed.angles)
        (scores, headsInItem) = (packed.scores[thread], packed.sizes.headsInItem)
        (self.work, self.share) = (work, share)
    }

    var width: Int { model.configuration.embedding }

    /// Computes a stage of the model.
    func run(_ stage: Stage) {
        if stage.isFirst { embed() }
        for index in stage.layers {
            let layer = model.layers[index]
            attend(layer.attention, layer: index)
            feedForward(layer.feedForward)
        }
    }

    private func embed() {
        for row in share.of(work.count) {
            let residual = work.residual.row(row)
            model.embeddings.unpack(row: work.token(row), into: residual)
            if let scale = model.embeddingScale { kernels.scale(residual, by: scale, count: width) }
            for (rotation, rows) in zip(angles, work.angles) {
                rotation.write(
                    position: work.position(row), cosines: rows.cosines.row(row), sines: rows.sines.row(row))
            }
        }
    }

    /// RMSNorm of a row of the residual stream, ready for matrix products.
    func normalize(_ weight: [Float], row: Int, into input: MatrixInput, at index: Int) {
        let finite = kernels.normalize(
            work.residual.row(row), weight: weight, count: width, epsilon: model.epsilon,
            into: input.floats(index))
        if !kernels.quantize(input, token: index) || !finite { work.fail(row, share.index) }
    }

    /// RMSNorm of a row's branch, which is then added to the residual stream. Without weights it is added as it is.
    func addBranch(_ weight: [Float]?, row: Int) {
        let (branch, count) = (work.branch.row(row), width)
        if let weight {
            let finite = kernels.normalize(
                branch, weight: weight, count: count, epsilon: model.epsilon, into: branch)
            if !finite { work.fail(row, share.index) }
        }
        kernels.add(branch, to: work.residual.row(row), count: count)
    }

    /// Rows of `input` by this thread's part of a matrix, into rows of `out` with the same numbers, or from `first` on.
    func multiply(
        _ matrix: PackedMatrix, _ input: MatrixInput, rows: Range<Int>, into out: TokenRows, at first: Int? = nil,
        adding: Bool = false
    ) {
        kernels.multiply(
            matrix, groups: share.of(matrix.groups), by: input, first: rows.lowerBound, count: rows.count,
            into: out.row(first ?? rows.lowerBound), stride: out.stride, adding: adding)
    }

    /// After the last stage: the outputs, a portion at a time, for there are many logits. `take` is called when all
    /// threads have computed one; there is at least one, which may be empty.
    func output(_ take: (Range<Int>) -> Void) {
        let outputs = work.outputs
        // Rows are shared out anew.
        share.barrier()
        for index in share.of(outputs.count) {
            normalize(model.outputNorm, row: outputs[index], into: work.final, at: index)
        }
        var portion = 0..<min(outputs.count, work.logits.count)
        repeat {
            // The norms are there, and the logits before these were taken.
            share.barrier()
            computeLogits(portion)
            share.barrier()
            take(portion)
            portion = portion.upperBound..<min(outputs.count, portion.upperBound + work.logits.count)
        } while !portion.isEmpty
    }

    private func computeLogits(_ portion: Range<Int>) {
        guard !portion.isEmpty else { return }
        multiply(model.output, work.final, rows: portion, into: work.logits, at: 0)
        guard let cap = model.logitCap else { return }
        share.barrier()
        for index in share.of(portion.count) {
            kernels.softCap(work.logits.row(index), count: work.logits.length, cap: cap)
        }
    }
}
