import Kernels

/// A row of floats for each token of a chunk, padded to whole groups of 16.
final class TokenRows: @unchecked Sendable {
    let stride: Int
    private let base: UnsafeMutablePointer<Float>

    init(_ length: Int, tokens: Int) {
        stride = (length + 15) / 16 * 16
        base = .zeroed(stride * tokens)
    }

    deinit { base.deallocate() }
    @inline(__always) func row(_ token: Int) -> UnsafeMutablePointer<Float> { base + token * stride }
}

/// All memory of a step, allocated once. The team's threads write disjoint parts between barriers.
final class LlamaWorkspace: @unchecked Sendable {
    let residual, query, key, value, gate, up, cosines, sines, outputs: TokenRows
    let normed, attended, activated: MatrixInput
    private(set) var cache: KeyValueCache
    private(set) var count = 0
    private(set) var firstOutput = 0
    private(set) var tokens: UnsafeMutablePointer<TokenID>
    private let sizes: ModelConfiguration
    private let capacity: Int
    private let threads: Int
    private let scale: Float
    private let scores: [TokenRows]
    // Every query sees from position 0 on.
    private let starts: UnsafeMutablePointer<Int64>
    // A flag for each thread and token, so that no two threads write one.
    private let failures: UnsafeMutablePointer<UInt8>

    init(_ sizes: ModelConfiguration, tokens: Int, outputs: Int, threads: Int, context: Int) {
        self.sizes = sizes
        capacity = tokens
        self.threads = threads
        scale = 1 / Float(sizes.headDimension).squareRoot()
        residual = TokenRows(sizes.embedding, tokens: tokens)
        query = TokenRows(sizes.queryLength, tokens: tokens)
        key = TokenRows(sizes.keyValueLength, tokens: tokens)
        value = TokenRows(sizes.keyValueLength, tokens: tokens)
        gate = TokenRows(sizes.feedForward, tokens: tokens)
        up = TokenRows(sizes.feedForward, tokens: tokens)
        cosines = TokenRows(sizes.rotaryPairs, tokens: tokens)
        sines = TokenRows(sizes.rotaryPairs, tokens: tokens)
        self.outputs = TokenRows(sizes.vocabulary, tokens: outputs)
        normed = MatrixInput(columns: sizes.embedding, capacity: tokens)
        attended = MatrixInput(columns: sizes.queryLength, capacity: tokens)
        activated = MatrixInput(columns: sizes.feedForward, capacity: tokens)
        let queries = max(12, sizes.heads / sizes.keyValueHeads)
        scores = (0..<threads).map { _ in TokenRows(context + 15, tokens: queries) }
        cache = KeyValueCache(sizes, capacity: 1)
        starts = .zeroed(queries)
        failures = .zeroed(threads * tokens)
        self.tokens = .zeroed(tokens)
    }

    deinit {
        starts.deallocate()
        failures.deallocate()
        tokens.deallocate()
    }

    func begin(_ tokens: UnsafeBufferPointer<TokenID>, _ cache: KeyValueCache, firstOutput: Int) {
        self.tokens.update(from: tokens.baseAddress!, count: tokens.count)
        self.cache = cache
        count = tokens.count
        self.firstOutput = firstOutput
        failures.update(repeating: 0, count: threads * capacity)
    }

    @inline(__always) func position(_ token: Int) -> Int { cache.length + token }

    func fail(_ token: Int, _ thread: Int) { failures[thread * capacity + token] = 1 }

    func firstFailure() -> Int? {
        (0..<count).first { token in (0..<threads).contains { failures[$0 * capacity + token] != 0 } }
    }

    func hidden(_ row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: normed.floats(firstOutput + row), count: sizes.embedding)
    }

    func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: outputs.row(row), count: sizes.vocabulary)
    }

    /// Attention of the given query heads, which share one key/value head, of the given tokens.
    func attend(heads: Range<Int>, tokens: Range<Int>, layer: Int, _ kernels: KernelSet, _ thread: Int) {
        let head = heads.lowerBound / (sizes.heads / sizes.keyValueHeads)
        let limit = heads.count * tokens.count
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: limit) { queries in
            withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: limit) { results in
                withUnsafeTemporaryAllocation(of: Int64.self, capacity: limit) { lengths in
                    var index = 0
                    for token in tokens {
                        for head in heads {
                            queries[index] = UnsafePointer(query.row(token) + head * sizes.headDimension)
                            results[index] = attended.floats(token) + head * sizes.headDimension
                            lengths[index] = Int64(position(token) + 1)
                            index += 1
                        }
                    }
                    let place = cache.place(layer: layer, head: head)
                    let finite = kernels.attend(
                        queries: UnsafeBufferPointer(queries), outputs: results.baseAddress!,
                        starts: starts, lengths: lengths.baseAddress!, headDimension: sizes.headDimension,
                        pages: cache.pages, keys: place.keys, values: place.values,
                        scores: scores[thread].row(0), scoreStride: scores[thread].stride, scale: scale)
                    // Which query it was does not matter for the earliest failing token only if each is asked alone.
                    if !finite { failEach(tokens, heads, layer, kernels, thread) }
                }
            }
        }
    }

    /// Finds which tokens of a tile have scores that are not finite.
    private func failEach(
        _ tokens: Range<Int>, _ heads: Range<Int>, _ layer: Int, _ kernels: KernelSet, _ thread: Int
    ) {
        guard tokens.count > 1 else { return fail(tokens.lowerBound, thread) }
        for token in tokens { attend(heads: heads, tokens: token..<token + 1, layer: layer, kernels, thread) }
    }
}
