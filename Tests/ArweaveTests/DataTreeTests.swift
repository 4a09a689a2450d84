import Arweave
import Canonical
import Cryptography
import Foundation
import Testing

@Suite struct DataTreeTests {
    private let vectors: [ArweaveVectors.Tree]

    init() throws {
        vectors = try ArweaveVectors.load().data_roots
    }

    @Test func cutsDataAsTheReferenceDoes() throws {
        #expect(vectors.count == 11)
        for vector in vectors {
            let plan = try ChunkPlan(size: vector.size)
            let filled = (0..<plan.filledCount).map { plan.range($0) }
            #expect(filled.map { [$0.lowerBound, $0.upperBound] } == vector.bounds, "\(vector.size)")
            #expect(plan.leafCount == plan.filledCount + (vector.zero_length_last_leaf ? 1 : 0))
            if vector.zero_length_last_leaf { #expect(plan.range(plan.leafCount - 1).isEmpty) }
        }
    }

    @Test func everyPlanCoversTheDataWithChunksOfAllowedSizes() throws {
        let (largest, smallest) = (ChunkPlan.largestChunk, ChunkPlan.smallestLastChunk)
        for base in [0, largest, 2 * largest, 7 * largest] {
            for rest in [-1, 0, 1, 2, smallest - 1, smallest, smallest + 1, largest - 1] where base + rest > 0 {
                let plan = try ChunkPlan(size: base + rest)
                var end = 0
                for index in 0..<plan.leafCount {
                    let range = plan.range(index)
                    #expect(range.lowerBound == end)
                    #expect(range.isEmpty == (index >= plan.filledCount))
                    #expect(range.count <= largest)
                    if index > 0, !range.isEmpty { #expect(range.count >= smallest) }
                    for offset in [range.lowerBound, range.upperBound - 1] where range.contains(offset) {
                        #expect(plan.range(containing: offset) == range)
                    }
                    end = range.upperBound
                }
                #expect(end == plan.size)
            }
        }
    }

    @Test func rootsAndPathsAreTheReferences() throws {
        for vector in vectors {
            let data = vectorData(vector.size)
            #expect(Hexadecimal.encode(SHA256.hash(data)) == vector.sha256)
            let tree = try DataTree(of: data)
            #expect(tree.root == vector.data_root, "\(vector.size)")
            for chunk in vector.chunks ?? [] + [vector.first_chunk, vector.last_chunk].compactMap({ $0 }) {
                let index = try #require(
                    (0..<tree.plan.filledCount).first { tree.plan.range($0).contains(chunk.offset) })
                #expect(tree.plan.range(index) == chunk.min..<chunk.max)
                #expect(tree.path(index) == chunk.data_path.bytes)
                let proven = try #require(
                    ProvenChunk(
                        path: chunk.data_path.bytes, root: vector.data_root, size: vector.size, offset: chunk.min))
                #expect(proven.range == chunk.min..<chunk.max)
                #expect(proven.matches(Array(data[proven.range])))
            }
        }
    }

    @Test func aTreeDoesNotDependOnHowItsDataComes() throws {
        let data = vectorData(1_048_577)
        for step in [1_000, 65_536, 262_144, 700_001] {
            var builder = DataTree.Builder(try ChunkPlan(size: data.count))
            for start in stride(from: 0, to: data.count, by: step) {
                try data[start..<min(start + step, data.count)].withUnsafeBytes { try builder.update($0) }
            }
            #expect(try builder.finish().root == DataTree(of: data).root)
        }
    }

    @Test func aFileHasTheTreeOfItsBytes() throws {
        let path = NSTemporaryDirectory() + "arweave-tree-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let data = vectorData(948_576)
        try Data(data).write(to: URL(fileURLWithPath: path))
        let file = try DataFile(path: path)
        #expect(file.size == data.count)
        var heard: [Int] = []
        let tree = try file.tree { heard.append($0) }
        #expect(tree.root == (try DataTree(of: data).root))
        #expect(heard == [262_144, 524_288, 786_432, 948_576])
        #expect(try file.read(786_432..<948_576) == Array(data[786_432...]))
        #expect(throws: ArweaveError.otherSize(expected: 948_576, actual: 948_576)) {
            try file.read(948_000..<948_577)
        }
    }

    @Test func missingAndSurplusBytesAreRefused() throws {
        var builder = DataTree.Builder(try ChunkPlan(size: 10))
        try [UInt8](repeating: 0, count: 9).withUnsafeBytes { try builder.update($0) }
        #expect(throws: ArweaveError.otherSize(expected: 10, actual: 9)) { try builder.finish() }
        #expect(throws: ArweaveError.otherSize(expected: 10, actual: 11)) {
            try [UInt8](repeating: 0, count: 2).withUnsafeBytes { try builder.update($0) }
        }
        #expect(throws: ArweaveError.unusableSize(0)) { try ChunkPlan(size: 0) }
        #expect(throws: ArweaveError.unusableSize(.max)) { try ChunkPlan(size: .max) }
    }
}

@Suite struct DataProofTests {
    private let data = vectorData(1_048_577)
    private let tree: DataTree

    init() throws {
        tree = try DataTree(of: data)
    }

    private func proven(_ path: [UInt8], _ offset: Int, root: DataRoot? = nil, size: Int? = nil) -> ProvenChunk? {
        ProvenChunk(path: path, root: root ?? tree.root, size: size ?? data.count, offset: offset)
    }

    @Test func everyByteOfAChunkIsProvenByItsPath() {
        for index in 0..<tree.plan.filledCount {
            let range = tree.plan.range(index)
            for offset in [range.lowerBound, range.upperBound - 1] {
                #expect(proven(tree.path(index), offset)?.range == range)
            }
            #expect(proven(tree.path(index), range.upperBound) == nil)
            #expect(proven(tree.path(index), range.lowerBound - 1) == nil)
        }
    }

    @Test func anyAlteredByteOfAPathFails() {
        let path = tree.path(2)
        for index in path.indices {
            var altered = path
            altered[index] ^= 1
            #expect(proven(altered, 600_000) == nil, "byte \(index)")
        }
        for count in 0..<path.count { #expect(proven(Array(path.prefix(count)), 600_000) == nil) }
        #expect(proven(path + [0], 600_000) == nil)
        #expect(proven(Array(path.dropFirst(96)), 600_000) == nil)
    }

    @Test func aPathOfAnotherTreeOrSizeFails() throws {
        let other = try DataTree(of: vectorData(1_048_576))
        #expect(proven(other.path(0), 0) == nil)
        #expect(proven(tree.path(4), 1_048_576, size: data.count + 1) == nil)
        #expect(proven(tree.path(4), 1_048_576) != nil)
        #expect(proven(tree.path(0), 0, root: other.root) == nil)
    }

    @Test func theEmptyLastLeafProvesNoByte() throws {
        let tree = try DataTree(of: vectorData(524_288))
        #expect(tree.plan.leafCount == 3)
        for offset in [0, 262_144, 524_287, 524_288] {
            #expect(ProvenChunk(path: tree.path(2), root: tree.root, size: 524_288, offset: offset) == nil)
        }
    }

    /// A signed tree may lie about ends: then no byte of it is where it says.
    @Test func aTreeWhoseEndsAreWrongProvesNothing() throws {
        let digests = [UInt8](1...3).map { SHA256.hash([$0]) }
        func note(_ number: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: 31) + [number] }
        func combine(_ parts: [UInt8]...) -> [UInt8] { SHA256.hash(parts.flatMap { SHA256.hash($0) }) }
        func path(ends: (UInt8, UInt8), middle: UInt8) -> (DataRoot, [UInt8]) {
            let (left, right) = (combine(digests[0], note(ends.0)), combine(digests[1], note(ends.1)))
            let root = DataRoot(bytes: combine(left, right, note(middle)))!  // 32 bytes
            return (root, left + right + note(middle) + digests[0] + note(ends.0))
        }
        func range(_ ends: (UInt8, UInt8), _ middle: UInt8) -> Range<Int>? {
            let (root, path) = path(ends: ends, middle: middle)
            return ProvenChunk(path: path, root: root, size: 10, offset: 0)?.range
        }
        #expect(range((4, 10), 4) == 0..<4)
        #expect(range((3, 10), 4) == nil)
        #expect(range((11, 11), 11) == nil)
        #expect(range((0, 10), 0) == nil)
    }
}
