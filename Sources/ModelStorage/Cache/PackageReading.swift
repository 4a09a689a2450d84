public import Canonical
public import ContentAddressing

/// What reading all of a package has shown.
public struct PackageReading: Sendable {
    /// The root of its DAG, whose name is the package's id.
    public let root: Block
    /// The SHA-256 of each file, by name.
    public let digests: [String: Digest]

    /// A reading.
    public init(root: Block, digests: [String: Digest]) {
        self.root = root
        self.digests = digests
    }
}

/// Reads all of a package: every file is compared with the manifest, there are no others, and the id is computed. Throws
/// for what is no package.
public typealias PackageReader = @Sendable (_ folder: String) async throws -> PackageReading
