import Kernels

extension Pass {
    /// The attention half of a layer. The residual stream's rows belong to the threads that add to them last.
    func attend(_ attention: Attention<PackedTensors>, layer: Int) {
        let rows = 0..<work.count
        for row in share.of(work.count) {
            normalize(attention.norm, row: row, into: work.normed, at: row)
        }
        share.barrier()
        multiply(attention.query.matrix, work.normed, rows: rows, into: work.query)
        multiply(attention.key.matrix, work.normed, rows: rows, into: work.key)
        multiply(attention.value.matrix, work.normed, rows: rows, into: work.value)
        share.barrier()
        for row in share.of(work.count) { prepare(attention, layer: layer, row: row) }
        share.barrier()
        weighValues(attention, layer: layer)
        share.barrier()
        for row in share.of(work.count) where !kernels.quantize(work.attended, token: row) {
            work.fail(row, share.index)
        }
        share.barrier()
        let added = attention.postNorm == nil
        multiply(
            attention.output, work.attended, rows: rows, into: added ? work.residual : work.branch,
            adding: added)
        share.barrier()
        guard let norm = attention.postNorm else { return }
        for row in share.of(work.count) { addBranch(norm, row: row) }
    }

    /// Biases, norms of heads and the rotation of a row's query and key; then key and value go into the cache.
    private func prepare(_ attention: Attention<PackedTensors>, layer: Int, row: Int) {
        let heads = attention.heads
        let (query, key, value) = (work.query.row(row), work.key.row(row), work.value.row(row))
        if let bias = attention.query.bias { kernels.add(bias, to: query, count: bias.count) }
        if let bias = attention.key.bias { kernels.add(bias, to: key, count: bias.count) }
        if let bias = attention.value.bias { kernels.add(bias, to: value, count: bias.count) }
        normalize(attention.queryNorm, query, heads.heads, heads.dimension, row)
        normalize(attention.keyNorm, key, heads.keyValueHeads, heads.dimension, row)
        let rotary = model.rotaries[attention.rotary]
        let (cosines, sines) = work.angles[attention.rotary]
        kernels.rotate(
            query, heads: heads.heads, headDimension: heads.dimension, pairs: rotary.pairs, pairing: rotary.pairing,
            cosines: cosines.row(row), sines: sines.row(row))
        kernels.rotate(
            key, heads: heads.keyValueHeads, headDimension: heads.dimension, pairs: rotary.pairs,
            pairing: rotary.pairing, cosines: cosines.row(row), sines: sines.row(row))
        for head in 0..<heads.keyValueHeads {
            let finite = kernels.store(
                key: key + head * heads.dimension, value: value + head * heads.dimension,
                headDimension: heads.dimension, position: work.position(row), page: work.page(row),
                keys: geometry.keys(layer: layer, head: head),
                values: geometry.values(layer: layer, head: head))
            if !finite { work.fail(row, share.index) }
        }
    }

    private func normalize(
        _ weight: [Float]?, _ vector: UnsafeMutablePointer<Float>, _ heads: Int, _ dimension: Int, _ row: Int
    ) {
        guard let weight else { return }
        for head in 0..<heads {
            let part = vector + head * dimension
            let finite = kernels.normalize(
                part, weight: weight, count: dimension, epsilon: model.epsilon, into: part)
            if !finite { work.fail(row, share.index) }
        }
    }

    /// The heads of one row, or tiles of rows with the heads that share a key/value head.
    private func weighValues(_ attention: Attention<PackedTensors>, layer: Int) {
        let tiles = work.tiles.count
        if work.count == 1 {
            for head in share.of(attention.heads.heads) {
                weighValues(attention, layer: layer, heads: head..<head + 1, 0..<1, work.tiles[0].pages)
            }
            return
        }
        for item in share.interleaved(attention.heads.heads / headsInItem * tiles) {
            let tile = work.tiles[item % tiles]
            let first = item / tiles * headsInItem
            weighValues(attention, layer: layer, heads: first..<first + headsInItem, tile.rows, tile.pages)
        }
    }

    private func weighValues(
        _ attention: Attention<PackedTensors>, layer: Int, heads: Range<Int>, _ rows: Range<Int>,
        _ pages: UnsafePointer<UnsafePointer<UInt16>?>
    ) {
        let dimension = attention.heads.dimension
        let head = heads.lowerBound / attention.heads.group
        let count = heads.count * rows.count
        let finite = AttentionQueries.with(count) { queries in
            for row in rows {
                let end = work.position(row) + 1
                let start = attention.window.map { max(0, end - $0) } ?? 0
                for head in heads {
                    queries.append(
                        work.query.row(row) + head * dimension, work.attended.floats(row) + head * dimension,
                        start..<end)
                }
            }
            return kernels.attend(
                queries: queries.queries, outputs: queries.outputs, starts: queries.starts, lengths: queries.ends,
                headDimension: dimension, pages: pages, keys: geometry.keys(layer: layer, head: head),
                values: geometry.values(layer: layer, head: head), scores: scores.row(0),
                scoreStride: scores.stride, scale: attention.scale, softCap: attention.scoreCap)
        }
        guard !finite else { return }
        // Which row it was shows only when each is asked alone.
        guard rows.count > 1 else { return work.fail(rows.lowerBound, share.index) }
        for row in rows { weighValues(attention, layer: layer, heads: heads, row..<row + 1, pages) }
    }
}
