import ContentAddressing

extension Manifest {
    /// The profile of a package that names no reason for another.
    public static let defaultImportProfile = ImportProfile.unixfsV1_2025.name

    /// Checks every rule of the format, the author's signature among them; the policy and who may publish against
    /// `genesis`, when one is known.
    public func validate(within genesis: Genesis? = nil) throws {
        try require(version == 1, "version", "must be 1")
        try validateTexts()
        try require(numerics == Self.numerics, "numerics", "must be \(Self.numerics)")
        try require((16...1_048_576).contains(contextLength), "context_length", "must be 16 to 1048576")
        try require(tokenizer == Self.partOfWeights, "tokenizer", "must be \(Self.partOfWeights)")
        try require(
            [Self.partOfWeights, Self.noTemplate].contains(chatTemplate), "chat_template", "must be gguf or none")
        try require(
            ImportProfile(named: importProfile) != nil, "import_profile",
            "must be \(ImportProfile.known.map(\.name).joined(separator: " or "))")
        try environment.validate()
        try sampling.validate()
        try validateLimits()
        try validateFiles()
        try validateEncryption()
        try validateSignature()
        guard let genesis else { return }
        try policy.validate(within: genesis)
        try genesis.models?.check(self)
    }

    private func validateTexts() throws(InvalidField) {
        try Self.validate(name, "name", 1...128)
        // A name that is another model's id could be taken for that model.
        try require(ModelID(name) == nil, "name", "must not be a model's id")
        if let release { try Self.validate(release, "release", 1...64) }
        if let description {
            try require((1...4_096).contains(description.utf8.count), "description", "must be 1 to 4096 bytes")
        }
        try Self.validate(licence, "licence", 1...128)
        try Self.validate(architecture, "architecture", 1...64)
    }

    private static func validate(_ text: String, _ field: String, _ bytes: ClosedRange<Int>) throws(InvalidField) {
        try require(
            bytes.contains(text.utf8.count), field, "must be \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        try require(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, field, "must not hold control characters")
    }

    private func validateLimits() throws(InvalidField) {
        guard let limits else { return }
        if let tokens = limits.maximumTokens {
            try require((1...1_048_576).contains(tokens), "limits.max_tokens", "must be 1 to 1048576")
        }
        if let temperature = limits.maximumTemperature {
            try require((0...2).contains(temperature), "limits.max_temperature", "must be 0 to 2")
            try require(
                sampling.temperature <= temperature, "sampling.temperature", "must be within limits.max_temperature")
        }
    }

    private func validateFiles() throws(InvalidField) {
        try require((1...Self.maximumFiles).contains(files.count), "files", "must hold 1 to \(Self.maximumFiles)")
        try require(files.count { $0.role == .weights } == 1, "files", "must hold one file of weights")
        for (index, file) in files.enumerated() {
            try require(Self.isPlain(file.name), "files[\(index)].name", "must be a plain file name")
            try require(file.size > 0 && file.size < 1 << 53, "files[\(index)].size", "must be positive")
            try require(
                file.role != .policyScript, "files[\(index)].role",
                "must not be policy_script: this version runs no scripts")
        }
        try require(Set(files.map(\.name)).count == files.count, "files", "must have distinct names")
    }

    /// By bytes: to Swift's characters a slash with a combining mark is no slash, to the file system it is one.
    static func isPlain(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...255).contains(bytes.count) && bytes.first != UInt8(ascii: ".")
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
            && !bytes.elementsEqual(fileName.utf8)
    }
}
