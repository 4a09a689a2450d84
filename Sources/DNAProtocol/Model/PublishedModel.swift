import Canonical

/// A model as everybody knows it who does not hold its weights: its root block and the manifest that the block names.
///
/// As a document, `{"manifest":…,"package_root":…}`, it is called the model's listing.
public struct PublishedModel: Hashable, Sendable, Codable {
    /// The package's root block.
    public let root: PackageRoot
    /// What its constructor published.
    public let manifest: Manifest

    enum CodingKeys: String, CodingKey {
        case manifest
        case root = "package_root"
    }

    /// The model's id.
    public var id: ModelID { root.id }

    /// Joins the two. Throws ``InvalidField`` unless they belong together; whether the manifest keeps its own rules,
    /// ``Manifest/validate(within:)`` says.
    public init(root: PackageRoot, manifest: Manifest) throws {
        try root.check(manifest)
        self.root = root
        self.manifest = manifest
    }

    /// A package whose files are one block each: its root follows from the manifest alone.
    package init(ofSmallFiles manifest: Manifest) throws {
        let document = PackageRoot.link(Manifest.fileName, to: try CanonicalJSON.encode(manifest))
        try self.init(
            root: PackageRoot(entries: manifest.files.compactMap { PackageRoot.link(to: $0) } + [document]),
            manifest: manifest)
    }

    /// Reads a listing whose parts belong together.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        do {
            try self.init(
                root: container.decode(PackageRoot.self, forKey: .root),
                manifest: container.decode(Manifest.self, forKey: .manifest))
        } catch let error as InvalidField {
            throw DecodingError.dataCorruptedError(
                forKey: .manifest, in: container, debugDescription: "\(error)")
        }
    }
}
