/// The header of a GGUF v3 file: metadata and tensor directory, everything checked against the file's size.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFHeader: Equatable, Sendable {
    /// Metadata by key.
    public let metadata: [String: GGUFValue]
    /// Tensors by name.
    public let tensors: [String: GGUFTensor]

    /// Parses the bytes of a whole file.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        var cursor = GGUFCursor(bytes)
        guard try cursor.integer("the magic number", as: UInt32.self) == 0x4655_4747 else { throw .notGGUF }
        let version: UInt32 = try cursor.integer("the version")
        guard version == 3 else { throw .unsupportedVersion(version) }
        let tensorCount: UInt64 = try cursor.integer("the tensor count")
        guard tensorCount <= GGUFLimits.tensors else {
            throw .tooLarge(what: "the tensor count", value: tensorCount, limit: GGUFLimits.tensors)
        }
        let entryCount = try cursor.count(
            "the metadata count", limit: GGUFLimits.metadataEntries, minimumBytes: 13)
        metadata = try Self.metadata(entryCount, &cursor)
        tensors = try Self.tensors(Int(tensorCount), alignment: try Self.alignment(metadata), &cursor)
    }

    private static func metadata(_ count: Int, _ cursor: inout GGUFCursor) throws(GGUFError) -> [String: GGUFValue] {
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<count {
            let key = try cursor.string("a metadata key", limit: GGUFLimits.keyBytes)
            guard metadata[key] == nil else { throw .duplicate(what: "metadata key", name: key) }
            metadata[key] = try cursor.value(of: key)
        }
        return metadata
    }

    private static func alignment(_ metadata: [String: GGUFValue]) throws(GGUFError) -> UInt64 {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard case .unsigned(let alignment) = value else { throw .invalidAlignment(0) }
        guard (8...GGUFLimits.alignment).contains(alignment), alignment.nonzeroBitCount == 1 else {
            throw .invalidAlignment(alignment)
        }
        return alignment
    }

    private struct Entry {
        let name: String
        let type: TensorType
        let shape: [Int]
        let offset: UInt64
        let size: UInt64
    }

    private static func tensors(_ count: Int, alignment: UInt64, _ cursor: inout GGUFCursor)
        throws(GGUFError) -> [String: GGUFTensor]
    {
        var entries: [Entry] = []
        for _ in 0..<count { entries.append(try entry(&cursor)) }
        let fileSize = cursor.bytes.count
        let start = (UInt64(cursor.offset) + alignment - 1) / alignment * alignment
        var tensors: [String: GGUFTensor] = [:]
        for entry in entries {
            guard entry.offset % alignment == 0 else {
                throw .misalignedTensor(name: entry.name, offset: entry.offset)
            }
            let (from, overflow) = start.addingReportingOverflow(entry.offset)
            let (end, overflowToo) = from.addingReportingOverflow(entry.size)
            guard !overflow, !overflowToo, end <= UInt64(fileSize) else {
                throw .tensorOutOfFile(name: entry.name, end: overflow || overflowToo ? .max : end, fileSize: fileSize)
            }
            let tensor = GGUFTensor(
                name: entry.name, type: entry.type, shape: entry.shape, bytes: Int(from)..<Int(end))
            guard tensors.updateValue(tensor, forKey: entry.name) == nil else {
                throw .duplicate(what: "tensor", name: entry.name)
            }
        }
        try refuseOverlap(tensors.values)
        return tensors
    }

    private static func refuseOverlap(_ tensors: some Sequence<GGUFTensor>) throws(GGUFError) {
        let ordered = tensors.sorted { ($0.bytes.lowerBound, $0.name) < ($1.bytes.lowerBound, $1.name) }
        for (tensor, next) in zip(ordered, ordered.dropFirst()) where tensor.bytes.overlaps(next.bytes) {
            throw .overlappingTensors(tensor.name, next.name)
        }
    }

    private static func entry(_ cursor: inout GGUFCursor) throws(GGUFError) -> Entry {
        let name = try cursor.string("a tensor name", limit: GGUFLimits.tensorNameBytes)
        let dimensions: UInt32 = try cursor.integer("the dimension count of '\(name)'")
        guard (1...GGUFLimits.dimensions).contains(dimensions) else { throw .invalidShape(tensor: name) }
        var shape: [Int] = []
        for _ in 0..<dimensions {
            let length: UInt64 = try cursor.integer("a dimension of '\(name)'")
            guard length > 0, let length = Int(exactly: length) else { throw .invalidShape(tensor: name) }
            shape.append(length)
        }
        let rawType: UInt32 = try cursor.integer("the type of '\(name)'")
        guard let type = TensorType(rawValue: rawType) else { throw .unknownTensorType(rawType, tensor: name) }
        guard let size = byteCount(of: shape, type) else { throw .invalidShape(tensor: name) }
        let offset: UInt64 = try cursor.integer("the offset of '\(name)'")
        return Entry(name: name, type: type, shape: shape, offset: offset, size: size)
    }

    /// Nil when a row is no whole number of blocks or the product overflows.
    private static func byteCount(of shape: [Int], _ type: TensorType) -> UInt64? {
        guard shape[0].isMultiple(of: type.blockElements) else { return nil }
        var size = UInt64(shape[0] / type.blockElements)
        for factor in shape.dropFirst() + [type.blockBytes] {
            let (product, overflow) = size.multipliedReportingOverflow(by: UInt64(factor))
            guard !overflow else { return nil }
            size = product
        }
        return size
    }
}
