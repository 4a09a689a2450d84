package import GGUF

/// How the files of a family of models describe a model.
protocol ModelFamily: Sendable {
    /// The values of `general.architecture` that it reads.
    static var architectures: [String] { get }
    /// Names the tensors and says what is computed with them. Must ask for everything that is in the file.
    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription
}

extension ModelDescription {
    /// The families; a new one is added here and nowhere else.
    private static var families: [any ModelFamily.Type] {
        [
            Llama.self, Qwen2.self, Qwen3.self, Gemma2.self, Gemma3.self, Phi3.self,
        ]
    }

    /// What `general.architecture` may say.
    package static var architectures: [String] { families.flatMap { $0.architectures } }

    /// Describes the model in a file. Throws a sentence that names what is not supported.
    package init(_ header: GGUFHeader) throws(ModelError) {
        guard let architecture = header.metadata["general.architecture"]?.text else {
            throw .missingMetadata("general.architecture")
        }
        guard let family = Self.families.first(where: { $0.architectures.contains(architecture) }) else {
            throw .unsupportedArchitecture(architecture)
        }
        let reader = try ModelReader(header)
        self = try family.describe(reader)
        try reader.finish()
    }
}
