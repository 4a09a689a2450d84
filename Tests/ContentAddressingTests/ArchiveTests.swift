import ContentAddressing
import Foundation
import Testing

@Suite struct ArchiveTests {
    struct Vectors: Decodable {
        struct Vector: Decodable {
            let content: String
            let chunk: Int
            let width: Int
            let root: String
            let blocksDfs: [String]
            let carB64: String
        }
        let vectors: [Vector]
    }

    private func size(_ content: String) -> Int {
        content.split(separator: ",").last.flatMap { Int($0.filter(\.isNumber)) } ?? 11
    }

    @Test func archivesAreThoseOfTheVectors() async throws {
        let folder = try TemporaryFolder()
        let vectors = try vectors("archives", Vectors.self).vectors
        #expect(vectors.count == 4)
        for vector in vectors {
            let path = try folder.write(TestBytes.content(vector.content, size: size(vector.content)), "file")
            let profile = ImportProfile(name: "test", chunkBytes: vector.chunk, width: vector.width)
            let dag = try await Importer(profile).add(path)
            let blocks = try blocks(of: dag)
            #expect(dag.root.cid.description == vector.root)
            #expect(blocks.map(\.cid.description) == vector.blocksDfs)
            let archive = CARWriter.header(roots: [dag.root.cid]) + blocks.flatMap(CARWriter.section)
            #expect(Data(archive).base64EncodedString() == vector.carB64)
            #expect(try read(archive, pieces: 7).map(\.cid.description) == vector.blocksDfs)
        }
    }

    private func read(_ archive: [UInt8], pieces: Int) throws -> [Block] {
        var reader = CARReader()
        var blocks: [Block] = []
        for start in stride(from: 0, to: archive.count, by: pieces) {
            reader.receive(archive[start..<min(archive.count, start + pieces)])
            while let block = try reader.next() { blocks.append(block) }
        }
        try reader.finish()
        return blocks
    }

    private static let block = Block([1, 2, 3], codec: .raw)
    private static let header = CARWriter.header(roots: [block.cid])

    @Test func severalRootsAndNoneAreRead() throws {
        for count in [0, 1, 23, 30] {
            var reader = CARReader()
            reader.receive(CARWriter.header(roots: Array(repeating: Self.block.cid, count: count)))
            #expect(try reader.next() == nil)
            #expect(reader.roots?.count == count)
        }
    }

    @Test func aCutWithinABlockIsNoticed() throws {
        let archive = Self.header + CARWriter.section(Self.block)
        for count in 0..<archive.count where count != Self.header.count {
            #expect(throws: CARError.truncated) { try read(Array(archive[..<count]), pieces: 50) }
        }
        #expect(try read(archive, pieces: 50) == [Self.block])
    }

    @Test func aBlockThatIsNotWhatItsNameSaysIsRefused() {
        var archive = Self.header + CARWriter.section(Self.block)
        archive[archive.count - 1] ^= 1
        #expect(throws: CARError.refused(.wrongBytes(Self.block.cid))) { try read(archive, pieces: 50) }
    }

    @Test func hugeLengthsAreRefusedBeforeTheirBytesCome() {
        var reader = CARReader()
        reader.receive(Self.header + [0xFF, 0xFF, 0xFF, 0x7F])
        #expect(throws: CARError.sectionTooLarge) { try reader.next() }
        reader = CARReader()
        reader.receive([0xFF, 0xFF, 0x03])
        #expect(throws: CARError.badHeader) { try reader.next() }
        reader = CARReader()
        reader.receive([UInt8](repeating: 0xFF, count: 12))
        #expect(throws: CARError.badHeader) { try reader.next() }
        reader = CARReader()
        reader.receive(Self.header + [0])
        #expect(throws: CARError.malformedSection) { try reader.next() }
    }

    @Test func whatIsNoArchiveIsRefused() {
        for text in ["<!DOCTYPE html><html>", "{\"Message\":\"not found\"}", String(repeating: "a", count: 300)] {
            var reader = CARReader()
            reader.receive(Array(text.utf8) + [UInt8](repeating: 0x20, count: 300))
            #expect(throws: CARError.badHeader, "\(text)") { try reader.next() }
        }
        var second = Self.header
        second[second.count - 1] = 2
        var reader = CARReader()
        reader.receive(second)
        #expect(throws: CARError.badHeader) { try reader.next() }
    }

    @Test func readingHoldsOneSectionAtMost() throws {
        // As many bytes again as a section: what was read is let go.
        let section = CARWriter.section(Block([UInt8](repeating: 1, count: 1 << 20), codec: .raw))
        var reader = CARReader()
        reader.receive(Self.header)
        for _ in 0..<64 {
            reader.receive(section)
            #expect(try reader.next() != nil)
            #expect(reader.heldBytes <= CARReader.sectionLimit)
        }
    }

    /// Whatever is changed, nothing but blocks that are what their names say comes out.
    @Test func damagedArchivesAreReadOrRefused() throws {
        var chance = TestBytes(seed: 42)
        let parts = (0..<6).map { Block(TestBytes.bytes(seed: UInt64($0), count: $0 * 9), codec: .raw) }
        let archive = Self.header + parts.flatMap(CARWriter.section)
        let known = Set(parts)
        for _ in 0..<20_000 {
            var damaged = archive
            for _ in 0...chance.word() % 3 {
                let place = Int(chance.word() % UInt64(damaged.count))
                switch chance.word() % 3 {
                case 0: damaged[place] = UInt8(truncatingIfNeeded: chance.word())
                case 1: damaged.remove(at: place)
                default: damaged.insert(UInt8(truncatingIfNeeded: chance.word()), at: place)
                }
            }
            do {
                for block in try read(damaged, pieces: 64) { #expect(known.contains(block)) }
            } catch is CARError {
                continue
            }
        }
    }
}
