/// What a DAG made by others may be. A walk holds no more memory than these allow: about 64 bytes a leaf.
public struct DAGLimits: Hashable, Sendable {
    /// Nodes below nodes, folders and inner nodes of files together.
    public var depth = 32
    /// Files and folders.
    public var entries = 10_000
    /// Directories and inner nodes.
    public var nodes = 65_536
    /// Bytes of directories and inner nodes.
    public var nodeBytes = 256 << 20
    /// Bytes of an entry's path.
    public var pathBytes = 1024
    /// Leaves of all files.
    public var leaves = 1_000_000
    /// Bytes of all files.
    public var bytes: UInt64 = 1 << 40

    /// The numbers above.
    public static let standard = DAGLimits()

    /// The numbers above.
    public init() {}
}
