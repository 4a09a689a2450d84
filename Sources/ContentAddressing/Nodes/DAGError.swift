/// Why a DAG is refused.
public enum DAGError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are not those the identifier names.
    case wrongBytes(CID)
    /// A block larger than ``Block/byteLimit``.
    case blockTooLarge(CID)
    /// A node that is not dag-pb with UnixFS in it, in the one form.
    case malformedNode
    /// A node of a kind that is no part of a model package: a symbolic link, a directory in shards.
    case unsupportedNode
    /// A link to something that cannot be read here.
    case unusableLink(CIDError)
    /// A node that says something else about its size than its parent, its links or its bytes.
    case sizesDisagree(CID)
    /// A node with links and sizes that do not belong together, or a piece of file without bytes.
    case malformedFile(CID)
    /// An entry's name that is not allowed.
    case badName(String)
    /// Two entries with the same name.
    case duplicateName(String)
    /// Nodes below nodes beyond ``DAGLimits/depth``.
    case tooDeep
    /// More files and folders than ``DAGLimits/entries``.
    case tooManyEntries
    /// More nodes than ``DAGLimits/nodes`` or more leaves than ``DAGLimits/leaves``.
    case tooManyBlocks
    /// More bytes than ``DAGLimits/bytes``.
    case tooLarge
    /// A block that nothing asked for.
    case unexpectedBlock(CID)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .wrongBytes(let cid): "the bytes are not those of block \(cid)"
        case .blockTooLarge(let cid): "block \(cid) is larger than \(Block.byteLimit) bytes"
        case .malformedNode: "a node is malformed"
        case .unsupportedNode: "a node is neither a file nor a plain folder"
        case .unusableLink(let error): "a link is \(error)"
        case .sizesDisagree(let cid): "block \(cid) is not as large as it or its parent says"
        case .malformedFile(let cid): "block \(cid) is no well-formed part of a file"
        case .badName(let name): "a name is not allowed: \(name.debugDescription)"
        case .duplicateName(let name): "two entries have the name \(name.debugDescription)"
        case .tooDeep: "nodes are nested too deeply"
        case .tooManyEntries: "too many files and folders"
        case .tooManyBlocks: "too many blocks"
        case .tooLarge: "too many bytes"
        case .unexpectedBlock(let cid): "nobody asked for block \(cid)"
        }
    }
}
