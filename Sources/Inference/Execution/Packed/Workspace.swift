import Kernels

/// All memory of a step, allocated once. The team's threads write disjoint parts between barriers.
final class Workspace: @unchecked Sendable {
    /// A tile of consecutive rows of one sequence, which attention treats together.
    struct Tile {
        let rows: Range<Int>
        let pages: UnsafePointer<UnsafePointer<UInt16>?>
    }

    let residual, branch, query, key, value, gate, up: TokenRows
    /// A portion of outputs' logits at a time, those of output i in row i % count. All workspaces have the same rows,
    /// for only one computes logits at a time, and they are taken at once.
    let logits: TokenRows
    let normed, attended, activated, final: MatrixInput
    /// Cosines and sines by rotation.
    let angles: [(cosines: TokenRows, sines: TokenRows)]
    /// Only a model with experts has it.
    let experts: ExpertWorkspace?
    private(set) var count = 0
    private(set) var outputs: [Int] = []
    private(set) var tiles: [Tile] = []
    private let tokens: UnsafeMutablePointer<TokenID>
    private let positions: UnsafeMutablePointer<Int>
    private let pages: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<UInt16>?>?>
    private let tileRows: Int
    let rowLimit: Int
    private let threads: Int
    // A flag for each thread and row, so that no two threads write one.
    private let failures: UnsafeMutablePointer<UInt8>

    init(_ model: Model<PackedTensors>, _ sizes: PackedSizes, rows: Int, logits: TokenRows, threads: Int) {
        let (width, heads) = (model.configuration.embedding, sizes.heads)
        rowLimit = rows
        self.logits = logits
        self.threads = threads
        residual = TokenRows(width, rows: rows)
        branch = TokenRows(width, rows: rows)
        query = TokenRows(heads.queryLength, rows: rows)
        key = TokenRows(heads.keyValueLength, rows: rows)
        value = TokenRows(heads.keyValueLength, rows: rows)
        let slots = rows * sizes.networksPerRow
        gate = TokenRows(sizes.feedForward, rows: slots)
        up = TokenRows(sizes.feedForward, rows: slots)
        activated = MatrixInput(columns: sizes.feedForward, capacity: slots)
        experts = sizes.experts.map { ExpertWorkspace(experts: $0, width: width, rows: rows, slots: slots) }
        normed = MatrixInput(columns: width, capacity: rows)
        attended = MatrixInput(columns: heads.queryLength, capacity: rows)
        final = MatrixInput(columns: width, capacity: rows)
        angles = model.rotaries.map { (TokenRows($0.pairs, rows: rows), TokenRows($0.pairs, rows: rows)) }
        tileRows = max(1, Self.queriesInTile / sizes.headsInItem)
        outputs.reserveCapacity(rows)
        tiles.reserveCapacity(rows)
        tokens = .zeroed(rows)
        positions = .zeroed(rows)
        pages = .allocate(capacity: rows)
        failures = .zeroed(threads * rows)
    }

    /// What a row of a batch takes, in bytes: floats, and matrix inputs, which are floats, codes and scales.
    static func bytesOfRow(_ model: Model<PackedTensors>, _ sizes: PackedSizes) -> Int {
        let (width, heads) = (model.configuration.embedding, sizes.heads)
        let routed = sizes.experts == nil ? 0 : sizes.networksPerRow
        return 13 * sizes.feedForward * sizes.networksPerRow + (18 + 9 * routed) * width + 9 * heads.queryLength
            + 8 * heads.keyValueLength
    }

    /// Two tiles of queries of the attention kernels.
    static let queriesInTile = 12

    deinit {
        tokens.deallocate()
        positions.deallocate()
        pages.deallocate()
        failures.deallocate()
    }

    func begin(_ batch: Batch) {
        count = batch.tokens.count
        outputs.removeAll(keepingCapacity: true)
        outputs.append(contentsOf: batch.outputs)
        tiles.removeAll(keepingCapacity: true)
        failures.update(repeating: 0, count: threads * rowLimit)
        for segment in batch.segments {
            guard let cache = segment.cache as? PagedCache else { preconditionFailure("a cache of another model") }
            for row in segment.rows {
                tokens[row] = batch.tokens[row]
                positions[row] = batch.positions[row]
                pages[row] = cache.pages
            }
            for first in stride(from: segment.rows.lowerBound, to: segment.rows.upperBound, by: tileRows) {
                tiles.append(
                    Tile(
                        rows: first..<min(first + tileRows, segment.rows.upperBound),
                        pages: UnsafeRawPointer(cache.pages).assumingMemoryBound(to: UnsafePointer<UInt16>?.self)))
            }
        }
    }

    @inline(__always) func token(_ row: Int) -> Int { Int(tokens[row]) }
    @inline(__always) func position(_ row: Int) -> Int { positions[row] }

    /// The page that the row's own position lies in.
    @inline(__always) func page(_ row: Int) -> UnsafeMutablePointer<UInt16> {
        guard let page = pages[row]?[positions[row] / PageGeometry.positions] else {
            preconditionFailure("a full cache")
        }
        return page
    }

    func fail(_ row: Int, _ thread: Int) { failures[thread * rowLimit + row] = 1 }

    func failed(_ row: Int) -> Bool { (0..<threads).contains { failures[$0 * rowLimit + row] != 0 } }
}
