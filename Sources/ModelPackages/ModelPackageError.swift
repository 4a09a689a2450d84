/// Why a model package cannot be used.
public enum ModelPackageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file is missing or cannot be read.
    case unreadable(file: String)
    /// The manifest is larger than ``ModelPackage/maximumManifestBytes``.
    case manifestTooLarge
    /// A file's size is not the manifest's.
    case sizeDiffers(file: String)
    /// A file's SHA-256 is not the manifest's.
    case digestDiffers(file: String)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .unreadable(let file): "cannot read \(file)"
        case .manifestTooLarge: "manifest.json is larger than \(ModelPackage.maximumManifestBytes) bytes"
        case .sizeDiffers(let file): "\(file) is not as large as the manifest says"
        case .digestDiffers(let file): "\(file) is not the file the manifest describes: its SHA-256 differs"
        }
    }
}
