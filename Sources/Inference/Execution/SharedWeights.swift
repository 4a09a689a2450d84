public import Canonical

/// A folder that keeps packed weights as files. The processes of a machine that run one model map the same file, so its
/// memory is there once; and whoever comes later starts without packing.
public struct SharedWeights: Sendable {
    /// Belongs to the processes that use it; nobody else may write there. Made when it is missing.
    public var folder: String
    /// SHA-256 of the GGUF file's bytes, which the caller has checked: the file's name in the folder.
    public var digest: Digest

    /// Weights of the GGUF file with this digest.
    public init(folder: String, digest: Digest) {
        self.folder = folder
        self.digest = digest
    }
}
