import ContentAddressing
import Testing

/// DAGs that no honest importer makes.
@Suite struct WalkTests {
    private static func file(_ links: [(Block, UInt64)], sizes: [UInt64]? = nil, fileSize: UInt64? = nil) -> Block {
        // Not `inner(blockSizes:)`'s own sum, which need not be computable here.
        var data = UnixFSData.inner(blockSizes: [])
        data.blockSizes = sizes ?? links.map(\.1)
        data.fileSize = fileSize ?? data.blockSizes.reduce(0, +)
        let node = DAGNode(
            links: links.map { DAGLink($0.0.cid, totalSize: $0.0.treeSize) }, data: data.encode())
        return Block(node.encode(), codec: .dagPB)
    }

    private static func folder(_ entries: [(String, Block)], totalSize: UInt64? = nil) -> Block {
        let links = entries.map { DAGLink($0.1.cid, name: $0.0, totalSize: totalSize ?? $0.1.treeSize) }
        return Block(DAGNode(links: links, data: UnixFSData.directory.encode()).encode(), codec: .dagPB)
    }

    private static let leaf = Block(Array("leaf".utf8), codec: .raw)
    private static let other = Block(Array("other".utf8), codec: .raw)

    private func refusal(_ root: Block, _ more: [Block] = [], limits: DAGLimits = .standard) -> DAGError? {
        do {
            _ = try walk(root.cid, [root] + more, limits: limits)
            return nil
        } catch {
            return error as? DAGError
        }
    }

    @Test func findsEveryLeafAtItsPlace() async throws {
        let folder = try TemporaryFolder()
        let bytes = TestBytes.bytes(seed: 3, count: 1_234)
        try folder.write(bytes, "a/weights")
        try folder.write(bytes, "again")
        try folder.write([], "nothing")
        for profile in [
            ImportProfile(name: "test", chunkBytes: 10, width: 3),
            ImportProfile(name: "test", chunkBytes: 10, width: 3, rawLeaves: false, version: .v0),
        ] {
            let dag = try await Importer(profile).add(folder.path)
            let blocks = try blocks(of: dag)
            let known = Dictionary(uniqueKeysWithValues: blocks.map { ($0.cid, $0) })
            let (files, walk) = try walk(dag.root.cid, blocks)
            #expect(walk.folders == ["a"])
            #expect(Set(files.map(\.path)) == ["a/weights", "again", "nothing"])
            for file in files {
                var content: [UInt8] = []
                for leaf in file.leaves {
                    #expect(leaf.offset == UInt64(content.count))
                    content += try leaf.content(of: try #require(known[leaf.cid]))
                }
                #expect(content == (file.path == "nothing" ? [] : bytes))
            }
        }
    }

    @Test func aFileOfOnePieceIsItsOwnRoot() throws {
        let (files, found) = try walk(Self.leaf.cid, [Self.leaf])
        #expect(found.isFolder == false)
        #expect(files == [files[0]])
        #expect(files[0].size == 4)
        let wrapped = Block(
            DAGNode(links: [], data: UnixFSData.leaf([1, 2]).encode()).encode(), codec: .dagPB, version: .v0)
        let (old, _) = try walk(wrapped.cid, [wrapped])
        #expect(try old[0].leaves[0].content(of: wrapped) == [1, 2])
    }

    @Test func blocksThatNobodyAskedForAreRefused() throws {
        var walk = DAGWalk(Self.leaf.cid)
        #expect(throws: DAGError.unexpectedBlock(Self.other.cid)) { try walk.supply(Self.other) }
    }

    @Test func namesThatLeaveTheFolderAreRefused() {
        for name in ["", ".", "..", "a/b", "/etc", "a\u{0}b", "a\nb", String(repeating: "x", count: 256)] {
            #expect(refusal(Self.folder([(name, Self.leaf)])) == .badName(name), "\(name.debugDescription)")
        }
        #expect(refusal(Self.folder([("...", Self.leaf)])) == nil)
    }

    @Test func twoEntriesWithOneNameAreRefused() {
        #expect(refusal(Self.folder([("a", Self.leaf), ("a", Self.other)])) == .duplicateName("a"))
        // The same name to many file systems, written in two ways.
        let twice = Self.folder([("\u{E9}", Self.leaf), ("e\u{301}", Self.leaf)])
        #expect(refusal(twice) == .duplicateName("e\u{301}"))
    }

    @Test func sizesThatDoNotAddUpAreRefused() {
        let wrongSum = Self.file([(Self.leaf, 4), (Self.other, 5)], fileSize: 10)
        #expect(refusal(wrongSum) == .sizesDisagree(wrongSum.cid))
        let wrongLeaf = Self.file([(Self.leaf, 5), (Self.other, 5)])
        #expect(refusal(wrongLeaf) == .sizesDisagree(Self.leaf.cid))
        let count = Self.file([(Self.leaf, 4), (Self.other, 5)], sizes: [4])
        #expect(refusal(count) == .malformedFile(count.cid))
        let huge = Self.file([(Self.leaf, 4), (Self.other, .max)], fileSize: 3)
        #expect(refusal(huge) == .sizesDisagree(huge.cid))
        let lying = Self.folder([("a", Self.file([(Self.leaf, 4)]))], totalSize: 7)
        let inner = Self.file([(Self.leaf, 4)])
        #expect(refusal(lying, [inner]) == .sizesDisagree(inner.cid))
    }

    @Test func aPartThatSaysSomethingElseThanItsParentIsRefused() {
        let part = Self.file([(Self.leaf, 4), (Self.other, 5)])
        let parent = Self.file([(part, 10)])
        #expect(refusal(parent, [part]) == .sizesDisagree(part.cid))
        let folder = Self.folder([])
        let odd = Self.file([(folder, 9)], sizes: [9])
        // Small enough to be a leaf in a node: its content decides.
        #expect(
            refusal(odd, [folder]) == .sizesDisagree(folder.cid) || refusal(odd, [folder]) == .malformedFile(folder.cid)
        )
    }

    @Test func aLeafOfAnotherSizeIsRefused() throws {
        let entry = Self.folder([("a", Self.leaf)], totalSize: 5)
        let (files, _) = try walk(entry.cid, [entry])
        let leaf = files[0].leaves[0]
        #expect(throws: DAGError.sizesDisagree(Self.leaf.cid)) { try leaf.content(of: Self.leaf) }
        #expect(throws: DAGError.unexpectedBlock(Self.other.cid)) { try leaf.content(of: Self.other) }
    }

    @Test func piecesWithoutBytesAreRefused() {
        let empty = Block([], codec: .raw)
        let node = Self.file([(empty, 0), (empty, 0)])
        #expect(refusal(node) == .malformedFile(node.cid))
    }

    @Test func declaredSizesBeyondTheLimitAreRefusedAtOnce() {
        let huge = Self.file([(Self.leaf, 4)], sizes: [1 << 50])
        #expect(refusal(huge) == .tooLarge)
        let leaf = Self.folder([("a", Self.leaf)], totalSize: UInt64(Block.byteLimit) + 1)
        #expect(refusal(leaf) == .blockTooLarge(Self.leaf.cid))
    }

    @Test func endlesslyNestedNodesAreRefused() {
        var folders = [Self.folder([])]
        for _ in 0..<40 { folders.append(Self.folder([("a", folders[folders.count - 1])], totalSize: nil)) }
        let sized = Self.nest(40) { Self.folder([("a", $0)], totalSize: $1) }
        #expect(refusal(sized.last ?? folders[0], sized) == .tooDeep)
    }

    private static func nest(_ count: Int, _ wrap: (Block, UInt64) -> Block) -> [Block] {
        var blocks = [folder([])]
        var size = UInt64(blocks[0].bytes.count)
        for _ in 0..<count {
            blocks.append(wrap(blocks[blocks.count - 1], size))
            size += UInt64(blocks[blocks.count - 1].bytes.count)
        }
        return blocks
    }

    /// A few hundred bytes that stand for 100^6 folders.
    @Test func aFolderThatHoldsItselfManyTimesOverIsRefused() {
        var blocks = [Self.folder([])]
        var size = UInt64(blocks[0].bytes.count)
        for _ in 0..<6 {
            let inner = blocks[blocks.count - 1]
            blocks.append(Self.folder((0..<100).map { ("\($0)", inner) }, totalSize: size))
            size = UInt64(blocks[blocks.count - 1].bytes.count) + 100 * size
        }
        #expect(refusal(blocks[blocks.count - 1], blocks) == .tooManyEntries)
    }

    @Test func aFileThatRepeatsItselfBeyondTheLimitsIsRefused() {
        var limits = DAGLimits()
        limits.leaves = 1_000
        limits.nodes = 50
        let wide = Self.file((0..<1_001).map { _ in (Self.leaf, 4) })
        #expect(refusal(wide, limits: limits) == .tooManyBlocks)
        let part = Self.file([(Self.leaf, 4), (Self.leaf, 4)])
        let parts = Self.file((0..<60).map { _ in (part, 8) })
        #expect(refusal(parts, [part], limits: limits) == .tooManyBlocks)
        limits.nodeBytes = 100
        #expect(refusal(wide, limits: limits) == .tooManyBlocks)
    }

    @Test func damagedNodesAreWalkedOrRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.write(TestBytes.bytes(seed: 3, count: 90), "weights")
        try folder.write([], "nothing")
        let dag = try await Importer(ImportProfile(name: "test", chunkBytes: 10, width: 3)).add(folder.path)
        let honest = dag.nodes
        var chance = TestBytes(seed: 9)
        var refused = 0
        for _ in 0..<20_000 {
            let victim = honest[Int(chance.word() % UInt64(honest.count))]
            var bytes = victim.bytes
            let place = Int(chance.word() % UInt64(bytes.count))
            switch chance.word() % 3 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: chance.word())
            case 1: bytes.removeSubrange(place...)
            default: bytes.insert(UInt8(truncatingIfNeeded: chance.word()), at: place)
            }
            let changed = Block(bytes, codec: .dagPB)
            do {
                _ = try walk(changed.cid, honest + [changed])
            } catch is DAGError {
                refused += 1
            } catch is MissingBlock {
                continue
            }
        }
        #expect(refused > 10_000)
    }
}

extension Block {
    /// Bytes of a block and of what it links to.
    fileprivate var treeSize: UInt64 {
        let below = cid.codec == .raw ? nil : try? DAGNode(decoding: bytes).links.reduce(0) { $0 &+ $1.totalSize }
        return UInt64(bytes.count) &+ (below ?? 0)
    }
}
