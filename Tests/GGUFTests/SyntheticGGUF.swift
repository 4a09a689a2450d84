import GGUF

/// Writes small GGUF files, right or wrong.
struct SyntheticGGUF {
    var bytes: [UInt8] = []

    mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) {
        put(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    init(tensors: UInt64, entries: UInt64, version: UInt32 = 3) {
        bytes = Array("GGUF".utf8)
        put(version)
        put(tensors)
        put(entries)
    }

    mutating func tensor(_ name: String, shape: [UInt64], type: UInt32, offset: UInt64) {
        put(name)
        put(UInt32(shape.count))
        for length in shape { put(length) }
        put(type)
        put(offset)
    }

    /// Pads to the alignment and appends data.
    mutating func data(_ count: Int) {
        while !bytes.count.isMultiple(of: 32) { bytes.append(0) }
        bytes.append(contentsOf: repeatElement(7, count: count))
    }

    /// A text, an array of texts, a number, and one Q4_1 tensor of two rows.
    static var complete: SyntheticGGUF {
        var file = SyntheticGGUF(tensors: 1, entries: 3)
        file.put("general.name")
        file.put(UInt32(8))
        file.put("tiny")
        file.put("words")
        file.put(UInt32(9))
        file.put(UInt32(8))
        file.put(UInt64(2))
        file.put("a")
        file.put("bc")
        file.put("number")
        file.put(UInt32(4))
        file.put(UInt32(42))
        file.tensor("w", shape: [32, 2], type: 3, offset: 0)
        file.data(40)
        return file
    }

    func parse() -> Result<GGUFHeader, GGUFError> {
        bytes.withUnsafeBytes { raw in
            do throws(GGUFError) { return .success(try GGUFHeader(parsing: raw)) } catch { return .failure(error) }
        }
    }
}
