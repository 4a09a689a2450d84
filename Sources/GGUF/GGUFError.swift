/// Why a file is not read as GGUF. Offsets are bytes from the start of the file.
public enum GGUFError: Error, Equatable, CustomStringConvertible {
    /// The operating system refused; `code` is errno.
    case cannotOpen(path: String, code: Int32)
    /// The first four bytes are not `GGUF`.
    case notGGUF
    /// Only version 3 is read.
    case unsupportedVersion(UInt32)
    /// The file ends inside `what`.
    case truncated(what: String, offset: Int)
    /// A count or a length is above its cap.
    case tooLarge(what: String, value: UInt64, limit: UInt64)
    /// A metadata value has a type number the format does not define.
    case unknownValueType(UInt32, key: String)
    /// A tensor has a type number this reader does not know.
    case unknownTensorType(UInt32, tensor: String)
    /// A key or tensor name occurs twice.
    case duplicate(what: String, name: String)
    /// Text is not UTF-8.
    case invalidUTF8(what: String, offset: Int)
    /// A boolean is neither 0 nor 1.
    case invalidBoolean(key: String, value: UInt8)
    /// Arrays of arrays are not read.
    case nestedArray(key: String)
    /// `general.alignment` is not a power of two of at least 8.
    case invalidAlignment(UInt64)
    /// A tensor's offset is not a multiple of the alignment.
    case misalignedTensor(name: String, offset: UInt64)
    /// A dimension is zero, there are too many, a row is no whole number of blocks, or the size overflows.
    case invalidShape(tensor: String)
    /// A tensor's data ends beyond the end of the file.
    case tensorOutOfFile(name: String, end: UInt64, fileSize: Int)
    /// Two tensors share bytes: a small file would stand for much memory.
    case overlappingTensors(String, String)

    /// One sentence that says what is wrong and where.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let code): "cannot open \(path) (errno \(code))"
        case .notGGUF: "not a GGUF file: the first four bytes are not 'GGUF'"
        case .unsupportedVersion(let version): "GGUF version \(version) is not supported (only 3 is)"
        case .truncated(let what, let offset): "the file ends inside \(what) at byte \(offset)"
        case .tooLarge(let what, let value, let limit): "\(what) is \(value), more than the limit of \(limit)"
        case .unknownValueType(let type, let key): "metadata '\(key)' has the unknown type \(type)"
        case .unknownTensorType(let type, let tensor): "tensor '\(tensor)' has the unknown type \(type)"
        case .duplicate(let what, let name): "\(what) '\(name)' occurs twice"
        case .invalidUTF8(let what, let offset): "\(what) at byte \(offset) is not UTF-8"
        case .invalidBoolean(let key, let value): "metadata '\(key)' is a boolean with the value \(value)"
        case .nestedArray(let key): "metadata '\(key)' is an array of arrays, which is not supported"
        case .invalidAlignment(let value): "general.alignment is \(value), not a power of two from 8 to 65536"
        case .misalignedTensor(let name, let offset): "tensor '\(name)' starts at the misaligned offset \(offset)"
        case .invalidShape(let tensor): "tensor '\(tensor)' has an impossible shape"
        case .tensorOutOfFile(let name, let end, let size):
            "tensor '\(name)' ends at byte \(end), beyond the file's \(size)"
        case .overlappingTensors(let first, let second): "the tensors '\(first)' and '\(second)' overlap in the file"
        }
    }
}
