/// Reads little-endian fields from the start of a file and never beyond its end.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private var arrayElements: UInt64 = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func integer<T: FixedWidthInteger>(_ what: @autoclosure () -> String, as _: T.Type = T.self)
        throws(GGUFError) -> T
    {
        guard bytes.count - offset >= MemoryLayout<T>.size else {
            throw .truncated(what: what(), offset: offset)
        }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    mutating func string(_ what: @autoclosure () -> String, limit: UInt64) throws(GGUFError) -> String {
        let length: UInt64 = try integer(what())
        guard length <= limit else { throw .tooLarge(what: "the length of \(what())", value: length, limit: limit) }
        guard UInt64(bytes.count - offset) >= length else { throw .truncated(what: what(), offset: offset) }
        let slice = bytes[offset..<offset + Int(length)]
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw .invalidUTF8(what: what(), offset: offset)
        }
        offset += Int(length)
        return text
    }

    /// Counts an array's elements among those of all arrays.
    mutating func add(arrayElements count: Int) throws(GGUFError) {
        arrayElements += UInt64(count)
        guard arrayElements <= GGUFLimits.allArrayElements else {
            throw .tooLarge(
                what: "the element count of all arrays", value: arrayElements, limit: GGUFLimits.allArrayElements)
        }
    }

    /// An array's element count, which the rest of the file must be able to hold at `minimumBytes` an element.
    mutating func count(_ what: @autoclosure () -> String, limit: UInt64, minimumBytes: Int) throws(GGUFError) -> Int {
        let count: UInt64 = try integer(what())
        guard count <= limit else { throw .tooLarge(what: what(), value: count, limit: limit) }
        guard count <= UInt64((bytes.count - offset) / minimumBytes) else {
            throw .truncated(what: what(), offset: offset)
        }
        return Int(count)
    }
}
