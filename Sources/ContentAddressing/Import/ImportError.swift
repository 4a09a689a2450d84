/// Why a file or folder has no identifier here.
public enum ImportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It cannot be read.
    case unreadable(path: String, reason: String)
    /// It is neither a file, nor a folder, nor a link to a file.
    case notAFile(path: String)
    /// Its name is not allowed in a package.
    case badName(path: String)
    /// It was written to meanwhile.
    case changed(path: String)
    /// More entries than ``DAGLimits/entries``, or folders nested beyond ``DAGLimits/depth``.
    case tooMany(path: String)
    /// More names than a plain directory holds.
    case directoryTooLarge(path: String)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .notAFile(let path): "\(path) is neither a file nor a folder, nor a link to a file"
        case .badName(let path): "\(path.debugDescription) has a name that a package may not contain"
        case .changed(let path): "\(path) changed while it was read"
        case .tooMany(let path): "\(path) holds too many files or folders"
        case .directoryTooLarge(let path):
            "\(path) has more names than a directory of one node holds (\(ImportedDAG.directoryByteLimit) bytes)"
        }
    }
}
