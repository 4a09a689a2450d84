import GGUF
import Testing

struct GGUFHeaderTests {
    private func error(_ file: SyntheticGGUF) -> GGUFError? {
        if case .failure(let error) = file.parse() { error } else { nil }
    }

    @Test func readsMetadataAndTensors() throws {
        let header = try SyntheticGGUF.complete.parse().get()
        #expect(header.metadata["general.name"] == .string("tiny"))
        #expect(header.metadata["words"]?.texts == ["a", "bc"])
        #expect(header.metadata["number"]?.integer == 42)
        let tensor = try #require(header.tensors["w"])
        #expect(tensor.shape == [32, 2])
        #expect(tensor.type == .q4_1)
        #expect(tensor.bytes.count == 40)
        #expect(tensor.bytes.upperBound == SyntheticGGUF.complete.bytes.count)
    }

    @Test func refusesEveryTruncation() {
        let whole = SyntheticGGUF.complete
        for length in 0..<whole.bytes.count {
            var cut = whole
            cut.bytes.removeLast(whole.bytes.count - length)
            #expect(error(cut) != nil, "accepted the first \(length) bytes")
        }
    }

    @Test func refusesOtherMagicAndVersion() {
        var file = SyntheticGGUF.complete
        file.bytes[0] = 0x67
        #expect(error(file) == .notGGUF)
        #expect(error(SyntheticGGUF(tensors: 0, entries: 0, version: 2)) == .unsupportedVersion(2))
    }

    @Test func refusesHugeCounts() {
        #expect(
            error(SyntheticGGUF(tensors: .max, entries: 0))
                == .tooLarge(what: "the tensor count", value: .max, limit: GGUFLimits.tensors))
        #expect(
            error(SyntheticGGUF(tensors: 0, entries: .max))
                == .tooLarge(what: "the metadata count", value: .max, limit: GGUFLimits.metadataEntries))
        var file = SyntheticGGUF(tensors: 0, entries: 1)
        file.put(UInt64.max)
        file.bytes.append(contentsOf: [0, 0, 0, 0, 0, 0])
        #expect(
            error(file)
                == .tooLarge(what: "the length of a metadata key", value: .max, limit: GGUFLimits.keyBytes))
    }

    private func entry(_ type: UInt32, _ payload: (inout SyntheticGGUF) -> Void) -> SyntheticGGUF {
        var file = SyntheticGGUF(tensors: 0, entries: 1)
        file.put("k")
        file.put(type)
        payload(&file)
        return file
    }

    @Test func refusesArraysThatCannotFitTheFile() {
        let file = entry(9) {
            $0.put(UInt32(10))
            $0.put(UInt64(1 << 20))
        }
        #expect(error(file) == .truncated(what: "the element count of 'k'", offset: file.bytes.count))
    }

    @Test func refusesNestedArrays() {
        #expect(error(entry(9) { $0.put(UInt32(9)) }) == .nestedArray(key: "k"))
    }

    @Test func refusesUnknownTypesBadBooleansAndBadText() {
        #expect(error(entry(13) { $0.put(UInt64(0)) }) == .unknownValueType(13, key: "k"))
        #expect(error(entry(7) { $0.put(UInt8(2)) }) == .invalidBoolean(key: "k", value: 2))
        let text = entry(8) {
            $0.put(UInt64(1))
            $0.put(UInt8(0xff))
        }
        #expect(error(text) == .invalidUTF8(what: "'k'", offset: text.bytes.count - 1))
    }

    @Test func refusesDuplicates() {
        var file = SyntheticGGUF(tensors: 0, entries: 2)
        for _ in 0..<2 {
            file.put("k")
            file.put(UInt32(0))
            file.put(UInt8(1))
        }
        #expect(error(file) == .duplicate(what: "metadata key", name: "k"))
        var twice = SyntheticGGUF(tensors: 2, entries: 0)
        for _ in 0..<2 { twice.tensor("w", shape: [1], type: 0, offset: 0) }
        twice.data(4)
        #expect(error(twice) == .duplicate(what: "tensor", name: "w"))
    }

    private func tensor(shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) -> SyntheticGGUF {
        var file = SyntheticGGUF(tensors: 1, entries: 0)
        file.tensor("w", shape: shape, type: type, offset: offset)
        file.data(64)
        return file
    }

    @Test func refusesHostileTensors() {
        let size = tensor(shape: [1]).bytes.count
        #expect(error(tensor(shape: [16])) == nil)
        #expect(error(tensor(shape: [17])) == .tensorOutOfFile(name: "w", end: UInt64(size + 4), fileSize: size))
        #expect(
            error(tensor(shape: [1], offset: 64)) == .tensorOutOfFile(name: "w", end: UInt64(size + 4), fileSize: size))
        #expect(error(tensor(shape: [1], offset: 1)) == .misalignedTensor(name: "w", offset: 1))
        let last = UInt64.max - 31
        #expect(error(tensor(shape: [1], offset: last)) == .tensorOutOfFile(name: "w", end: .max, fileSize: size))
        #expect(error(tensor(shape: [0])) == .invalidShape(tensor: "w"))
        #expect(error(tensor(shape: [])) == .invalidShape(tensor: "w"))
        #expect(error(tensor(shape: [.max])) == .invalidShape(tensor: "w"))
        #expect(error(tensor(shape: [1 << 31, 1 << 31, 1 << 31])) == .invalidShape(tensor: "w"))
        #expect(error(tensor(shape: [31], type: 3)) == .invalidShape(tensor: "w"))
        #expect(error(tensor(shape: [1], type: 99)) == .unknownTensorType(99, tensor: "w"))
    }

    @Test func refusesTensorsThatShareBytes() {
        func file(_ offsets: [UInt64]) -> SyntheticGGUF {
            var file = SyntheticGGUF(tensors: UInt64(offsets.count), entries: 0)
            for (index, offset) in offsets.enumerated() {
                file.tensor("w\(index)", shape: [16], type: 0, offset: offset)
            }
            file.data(256)
            return file
        }
        #expect(error(file([64, 0, 128])) == nil)
        #expect(error(file([64, 0, 32])) == .overlappingTensors("w1", "w2"))
        #expect(error(file([0, 128, 96])) == .overlappingTensors("w2", "w1"))
        #expect(error(file([64, 64])) == .overlappingTensors("w0", "w1"))
    }

    @Test func refusesMoreArrayElementsThanAllArraysMayHave() {
        let (arrays, length) = (5, GGUFLimits.arrayElements)
        var file = SyntheticGGUF(tensors: 0, entries: UInt64(arrays))
        for index in 0..<arrays {
            file.put("k\(index)")
            file.put(UInt32(9))
            file.put(UInt32(0))
            file.put(length)
            file.bytes.append(contentsOf: repeatElement(1, count: Int(length)))
        }
        #expect(
            error(file)
                == .tooLarge(
                    what: "the element count of all arrays", value: UInt64(arrays) * length,
                    limit: GGUFLimits.allArrayElements))
    }

    @Test func refusesImpossibleAlignment() {
        for value: UInt32 in [0, 1, 24, 1 << 17] {
            var file = SyntheticGGUF(tensors: 0, entries: 1)
            file.put("general.alignment")
            file.put(UInt32(4))
            file.put(value)
            #expect(error(file) == .invalidAlignment(UInt64(value)))
        }
    }

    @Test func refusesMissingFilesAndFolders() {
        #expect(throws: GGUFError.cannotOpen(path: "/nowhere.gguf", code: 2)) { try GGUFFile(path: "/nowhere.gguf") }
        #expect(throws: GGUFError.self) { try GGUFFile(path: "/") }
    }
}
