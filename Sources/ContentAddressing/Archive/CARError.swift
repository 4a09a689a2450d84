/// Why an archive is refused.
public enum CARError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The header is not that of a CARv1.
    case badHeader
    /// A section without the form of one.
    case malformedSection
    /// A section larger than a block may be.
    case sectionTooLarge
    /// A block with an identifier that cannot be read here.
    case unusableIdentifier(CIDError)
    /// A block that is not what its identifier says.
    case refused(DAGError)
    /// The archive ends within a section.
    case truncated

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .badHeader: "not a CAR archive of version 1"
        case .malformedSection: "a section of the archive is malformed"
        case .sectionTooLarge: "a section of the archive is larger than a block may be"
        case .unusableIdentifier(let error): "a block of the archive has \(error)"
        case .refused(let error): "\(error)"
        case .truncated: "the archive ends within a block"
        }
    }
}
