import Inference
import Kernels
import Testing

struct AttentionEqualityTests {
    static let instructionSets = KernelEqualityTests.instructionSets
    static let positions = 83
    static let capacity = 96

    /// Which positions query number `query` of `count` sees.
    enum Sight: CaseIterable {
        case everythingBefore, window, longWindow, apart, one

        func range(query: Int, of count: Int) -> Range<Int> {
            let end = positions - 2 * (count - 1 - query)
            switch self {
            case .everythingBefore: return 0..<end
            case .window: return end - 21..<end
            case .longWindow: return max(0, end - 70)..<end
            case .apart: return 5 * query..<5 * query + 4
            case .one: return end - 1..<end
            }
        }
    }

    /// Keys and values of one head in pages that it shares with others, NaN wherever nothing was stored.
    final class Pages {
        let keys, values: [[Float]]
        private let dimension: Int
        private let storage: UnsafeMutablePointer<UInt16>
        private var pageElements: Int { 48 * dimension + 8 }
        var keyPlace: Int { 8 }
        var valuePlace: Int { 8 + 32 * dimension }

        init(_ kernels: KernelSet, dimension: Int) {
            var numbers = TestNumbers(state: 23)
            keys = (0..<positions).map { _ in numbers.floats(dimension) }
            values = (0..<positions).map { _ in numbers.floats(dimension) }
            self.dimension = dimension
            storage = .allocate(capacity: capacity / 16 * (48 * dimension + 8))
            storage.initialize(repeating: 0x7e00, count: capacity / 16 * pageElements)
            for position in 0..<positions {
                let finite = kernels.store(
                    key: keys[position], value: values[position], headDimension: dimension, position: position,
                    page: storage + position / 16 * pageElements, keys: keyPlace, values: valuePlace)
                #expect(finite)
            }
        }

        deinit { storage.deallocate() }

        /// The pages' addresses; those wholly before `start` are gone.
        func table(from start: Int) -> [UnsafePointer<UInt16>?] {
            (0..<capacity / 16).map {
                $0 < start / 16 ? nil : UnsafePointer(storage + $0 * pageElements)
            }
        }
    }

    /// What the kernels make of the queries; nil when they report a score that is not finite.
    private func attend(
        _ kernels: KernelSet, _ pages: Pages, queries: [[Float]], ranges: [Range<Int>], cap: Float?
    ) -> [[Float]]? {
        let (count, dimension) = (queries.count, queries[0].count)
        let flat = queries.flatMap { $0 }
        var out = [Float](repeating: 0, count: count * dimension)
        var scores = [Float](repeating: .nan, count: count * Self.capacity)
        let finite = flat.withUnsafeBufferPointer { flat in
            out.withUnsafeMutableBufferPointer { out in
                let from: [UnsafePointer<Float>?] = (0..<count).map { flat.baseAddress! + $0 * dimension }
                let to: [UnsafeMutablePointer<Float>?] = (0..<count).map { out.baseAddress! + $0 * dimension }
                return from.withUnsafeBufferPointer {
                    kernels.attend(
                        queries: $0, outputs: to, starts: ranges.map { Int64($0.lowerBound) },
                        lengths: ranges.map { Int64($0.upperBound) }, headDimension: dimension,
                        pages: pages.table(from: ranges.map(\.lowerBound).min()!), keys: pages.keyPlace,
                        values: pages.valuePlace, scores: &scores, scoreStride: Self.capacity, scale: 0.125,
                        softCap: cap)
                }
            }
        }
        return finite ? (0..<count).map { Array(out[$0 * dimension..<($0 + 1) * dimension]) } : nil
    }

    @Test(arguments: instructionSets, [16, 64, 80])
    func attentionEqualsTheReference(_ set: InstructionSet, _ dimension: Int) throws {
        let kernels = try #require(KernelSet(set))
        let pages = Pages(kernels, dimension: dimension)
        let keys = pages.keys.map { $0.map(ReferenceNumerics.roundToHalf) }
        let values = pages.values.map { $0.map(ReferenceNumerics.roundToHalf) }
        var numbers = TestNumbers(state: 24)
        for sight in Sight.allCases {
            for count in [1, 2, 3, 5, 6, 7, 12, 15] {
                let cap: Float? = Bool.random(using: &numbers) ? 4 : nil
                let queries = (0..<count).map { _ in numbers.floats(dimension) }
                let ranges = (0..<count).map { sight.range(query: $0, of: count) }
                let got = try #require(attend(kernels, pages, queries: queries, ranges: ranges, cap: cap))
                for index in 0..<count {
                    let visible = 0..<ranges[index].upperBound
                    let expected = ReferenceNumerics.attend(
                        query: queries[index], keys: Array(keys[visible]), values: Array(values[visible]),
                        start: ranges[index].lowerBound, scale: 0.125, softCap: cap)
                    #expect(
                        got[index].map(\.bitPattern) == expected?.map(\.bitPattern),
                        "\(sight), query \(index) of \(count), cap \(cap ?? 0)")
                }
            }
        }
    }

    /// A query too large for one position's key fails exactly when it sees that position, whatever the cap.
    @Test(arguments: instructionSets, [nil, Float(30)])
    func onlyScoresThatAreSeenMustBeFinite(_ set: InstructionSet, _ cap: Float?) throws {
        let kernels = try #require(KernelSet(set))
        let pages = Pages(kernels, dimension: 16)
        var query = [Float](repeating: 0, count: 16)
        query[3] = 3e38
        let sizes = pages.keys.map { $0[3].magnitude }
        let bad = try #require((20...).first { sizes[$0] > 1.2 && sizes[$0 - 1] < 1 && sizes[$0 + 1] < 1 })
        for range in [bad..<bad + 1, bad - 1..<bad + 1, bad..<bad + 2] {
            #expect(attend(kernels, pages, queries: [query], ranges: [range], cap: cap) == nil)
        }
        for range in [bad - 1..<bad, bad + 1..<bad + 2] {
            #expect(attend(kernels, pages, queries: [query], ranges: [range], cap: cap) != nil)
        }
        let both = [bad - 1..<bad, bad + 1..<bad + 2]
        #expect(attend(kernels, pages, queries: [query, query], ranges: both, cap: cap) != nil)
    }
}
