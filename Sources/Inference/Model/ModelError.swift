/// Why a GGUF file is not run as a model. Every case names what.
public enum ModelError: Error, Equatable, CustomStringConvertible {
    /// `general.architecture` is another family.
    case unsupportedArchitecture(String)
    /// A metadata key is missing or has another type.
    case missingMetadata(String)
    /// A metadata value cannot be.
    case invalidMetadata(key: String, reason: String)
    /// A feature of the family that this engine does not compute.
    case unsupportedFeature(String)
    /// A tensor is missing.
    case missingTensor(String)
    /// A tensor has a type the engine does not compute with.
    case unsupportedTensorType(tensor: String, type: String)
    /// A tensor has another shape than the metadata says.
    case shapeMismatch(tensor: String, expected: [Int], found: [Int])
    /// A tensor holds a scale or weight that is infinite or NaN.
    case nonFiniteWeights(tensor: String)

    /// One sentence that says what is wrong.
    public var description: String {
        switch self {
        case .unsupportedArchitecture(let name):
            """
            the model family '\(name)' is not supported; supported are \
            \(ModelDescription.architectures.joined(separator: ", "))
            """
        case .missingMetadata(let key): "the metadata '\(key)' is missing or has the wrong type"
        case .invalidMetadata(let key, let reason): "the metadata '\(key)' \(reason)"
        case .unsupportedFeature(let feature): "the model uses \(feature), which is not supported"
        case .missingTensor(let name): "the tensor '\(name)' is missing"
        case .unsupportedTensorType(let tensor, let type):
            """
            the tensor '\(tensor)' has the type \(type); supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, \
            Q2_K to Q6_K, IQ4_NL and IQ4_XS
            """
        case .shapeMismatch(let tensor, let expected, let found):
            "the tensor '\(tensor)' has the shape \(found), expected \(expected)"
        case .nonFiniteWeights(let tensor): "the tensor '\(tensor)' holds values that are infinite or NaN"
        }
    }
}
