import ContentAddressing
import Foundation
import Testing

@Suite struct ImportTests {
    struct Vectors: Decodable {
        struct Expected: Decodable {
            let cid: String
            let tsize: UInt64
            let blocks: Int
        }
        struct File: Decodable {
            let size: Int
            let content: String
            let cids: [String: Expected]
        }
        struct Tree: Decodable {
            let size: Int
            let content: String
            let chunk: Int
            let width: Int
            let cid: String
            let tsize: UInt64
            let blocks: Int
        }
        struct Directory: Decodable {
            struct Entry: Decodable {
                let path: String
                let size: Int
                let content: String?
                let text: String?
            }
            let name: String
            let files: [Entry]
            let cids: [String: Expected]
        }
        let files: [File]
        let smallTrees: [Tree]
        let directories: [Directory]
    }

    static let vectors = Result { try ContentAddressingTests.vectors("identifiers", Vectors.self) }

    /// Streams a file that never exists as a whole: up to a gibibyte.
    @Test func filesHaveTheIdentifiersKuboGivesThem() throws {
        let files = try Self.vectors.get().files
        #expect(files.count == 13)
        for file in files {
            for name in file.cids.keys {
                #expect(ImportProfile.vector(name) != nil, "no profile \(name)")
            }
            for chunkBytes in Set(ImportProfile.all.map(\.chunkBytes)) {
                let profiles = ImportProfile.all.filter { $0.chunkBytes == chunkBytes && file.cids[$0.name] != nil }
                if !profiles.isEmpty { try check(file, profiles, chunkBytes) }
            }
        }
    }

    private func check(_ file: Vectors.File, _ profiles: [ImportProfile], _ chunkBytes: Int) throws {
        var source = TestBytes(seed: 1)
        var trees = profiles.map { FileTree($0) }
        var left = file.size
        var leaves = 0
        repeat {
            let count = min(left, chunkBytes)
            let piece = file.content.hasPrefix("ASCII") ? Array("hello world".utf8) : source.next(count)
            for index in profiles.indices { trees[index].append(leaf(of: piece, profiles[index])) }
            left -= count
            leaves += 1
        } while left > 0
        for index in profiles.indices {
            let expected = try #require(file.cids[profiles[index].name])
            let root = trees[index].finish()
            #expect(root.cid.description == expected.cid, "\(file.size) bytes, \(profiles[index].name)")
            #expect(root.totalSize == expected.tsize)
            #expect(trees[index].nodes.count + leaves == expected.blocks)
        }
    }

    private func leaf(of bytes: [UInt8], _ profile: ImportProfile) -> TreeLink {
        let block = profile.leafBlock(bytes)
        return TreeLink(block.cid, fileBytes: UInt64(bytes.count), totalSize: UInt64(block.bytes.count))
    }

    @Test func smallTreesOfEveryShapeHaveTheIdentifiersKuboGivesThem() async throws {
        let folder = try TemporaryFolder()
        let trees = try Self.vectors.get().smallTrees
        #expect(trees.count == 78)
        for tree in trees {
            let profile = ImportProfile(name: "test", chunkBytes: tree.chunk, width: tree.width)
            let path = try folder.write(TestBytes.content(tree.content, size: tree.size), "file")
            let dag = try await Importer(profile).add(path)
            #expect(dag.root.cid.description == tree.cid, "\(tree.size) bytes, width \(tree.width)")
            #expect(dag.root.totalSize == tree.tsize)
            let all = dag.files[0].leaves.count + dag.files[0].nodes.count
            #expect(all == tree.blocks)
        }
    }

    @Test func foldersHaveTheIdentifiersKuboGivesThem() async throws {
        for directory in try Self.vectors.get().directories {
            let folder = try TemporaryFolder()
            for entry in directory.files {
                let bytes = entry.text.map { Array($0.utf8) }
                try folder.write(bytes ?? TestBytes.content(entry.content ?? "", size: entry.size), entry.path)
            }
            for (name, expected) in directory.cids {
                let profile = try #require(ImportProfile.vector(name))
                let dag = try await Importer(profile).add(folder.path)
                #expect(dag.root.cid.description == expected.cid, "\(directory.name), \(name)")
                #expect(dag.root.totalSize == expected.tsize)
                #expect(dag.fileBytes == UInt64(directory.files.reduce(0) { $0 + $1.size }))
                #expect(try Importer(profile).size(of: folder.path) == directory.files.reduce(0) { $0 + $1.size })
                let (files, walk) = try walk(dag.root.cid, try blocks(of: dag))
                #expect(files.map(\.path).sorted() == directory.files.map(\.path).sorted())
                #expect(walk.isFolder == true)
            }
        }
    }

    @Test func theNumberOfWorkersChangesNothing() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(TestBytes.bytes(seed: 5, count: 300_001), "file")
        let profile = ImportProfile(name: "test", chunkBytes: 1_000, width: 5)
        var found: Set<CID> = []
        for workers in [1, 2, 7, 64] {
            var importer = Importer(profile)
            importer.workers = workers
            found.insert(try await importer.add(path).root.cid)
        }
        #expect(found.count == 1)
    }

    @Test func progressCountsEveryByteOnce() async throws {
        let folder = try TemporaryFolder()
        try folder.write(TestBytes.bytes(seed: 5, count: 100_001), "a/b")
        try folder.write([], "empty")
        let counter = Counter()
        var importer = Importer(ImportProfile(name: "test", chunkBytes: 1_000, width: 5))
        importer.progress = { counter.add($0) }
        _ = try await importer.add(folder.path)
        #expect(counter.value == 100_001)
    }

    @Test func hiddenNamesAreLeftOutUnlessAskedFor() async throws {
        let folder = try TemporaryFolder()
        try folder.write([1], "a")
        let plain = try await Importer().add(folder.path)
        try folder.write([2], ".hidden")
        #expect(try await Importer().add(folder.path).root.cid == plain.root.cid)
        var importer = Importer()
        importer.includesHidden = true
        #expect(try await importer.add(folder.path).files.map(\.path) == [".hidden", "a"])
    }

    @Test func linksToFilesAreTheFilesAndLinksToFoldersAreRefused() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let target = try elsewhere.write([1, 2, 3], "weights")
        try folder.write([1, 2, 3], "weights")
        let plain = try await Importer().add(folder.path)
        try FileManager.default.removeItem(atPath: folder.path + "/weights")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/weights", withDestinationPath: target)
        #expect(try await Importer().add(folder.path).root.cid == plain.root.cid)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/more", withDestinationPath: elsewhere.path)
        await #expect(throws: ImportError.notAFile(path: folder.path + "/more")) {
            try await Importer().add(folder.path)
        }
    }

    @Test func namesThatLeaveNoTraceOnATerminalAreRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.write([1], "a\u{1B}[31m")
        await #expect(throws: ImportError.badName(path: folder.path + "/a\u{1B}[31m")) {
            try await Importer().add(folder.path)
        }
    }

    @Test func aFolderWithTooManyNamesIsRefused() async throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "n", count: 200)
        for index in 0..<1_100 { try folder.write([], "\(index)\(name)") }
        await #expect(throws: ImportError.directoryTooLarge(path: folder.path)) {
            try await Importer().add(folder.path)
        }
    }

    @Test func aFileWrittenToAfterItsImportIsNoticed() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], "file")
        let dag = try await Importer().add(path)
        #expect(try dag.leafBlock(file: 0, index: 0).bytes == [1, 2, 3])
        try folder.write([1, 2, 4], "file")
        #expect(throws: ImportError.changed(path: path)) { try dag.leafBlock(file: 0, index: 0) }
    }

    @Test func whatIsNotThereIsSaid() async throws {
        await #expect(throws: ImportError.unreadable(path: "/nowhere/at all", reason: "No such file or directory")) {
            try await Importer().add("/nowhere/at all")
        }
        await #expect(throws: ImportError.notAFile(path: "/dev/null")) { try await Importer().add("/dev/null") }
    }
}
