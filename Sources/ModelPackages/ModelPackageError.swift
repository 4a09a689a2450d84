/// Why a model package cannot be used.
public enum ModelPackageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file is missing or cannot be read.
    case unreadable(file: String)
    /// The manifest is larger than `Manifest.maximumBytes`.
    case manifestTooLarge(file: String)
    /// The manifest is not written in its one form, RFC 8785.
    case manifestNotCanonical(file: String)
    /// A file's size is not the manifest's.
    case sizeDiffers(file: String)
    /// A file's SHA-256 is not the manifest's.
    case digestDiffers(file: String)
    /// A file cannot be written.
    case unwritable(file: String)
    /// A file that does not open with the package's content key, or not all of it.
    case notDecrypted(file: String)
    /// The package is encrypted, and not to this node.
    case notARecipient(model: String, node: String)
    /// Something in the folder that the manifest does not list.
    case unlisted(file: String)
    /// The package is a good one, and another than was asked for.
    case otherModel(folder: String, id: String, wanted: String)

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .unreadable(let file): "cannot read \(file)"
        case .manifestTooLarge(let file): "\(file) is larger than a manifest may be"
        case .manifestNotCanonical(let file):
            "\(file) is not in RFC 8785 form, so it cannot be told from its content; `dna model pack` writes it so"
        case .sizeDiffers(let file): "\(file) is not as large as the manifest says"
        case .digestDiffers(let file): "\(file) is not the file the manifest describes: its SHA-256 differs"
        case .unwritable(let file): "cannot write \(file)"
        case .notDecrypted(let file): "\(file) cannot be decrypted: it is not the whole file that was encrypted"
        case .notARecipient(let model, let node):
            "\(model) is encrypted, and not for this node (\(node)): its constructor can pack it for more nodes"
        case .unlisted(let file): "\(file) is not in the package's manifest: remove it, or pack anew"
        case .otherModel(let folder, let id, let wanted): "\(folder) holds \(id), not \(wanted)"
        }
    }
}
