import ArgumentParser

/// Which of the models that administrators register are served.
struct RegisteredModelArguments: ParsableArguments {
    /// What is done with a registered model.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        /// It is fetched and served.
        case take
        /// It is not, unless it was named besides.
        case ignore
    }

    @Option(
        help: """
            Whether models that administrators register are fetched and served while the worker runs: take (the default) \
            or ignore (DNA_REGISTERED_MODELS).
            """)
    var registeredModels: Choice?

    @Option(
        help: """
            The most bytes of memory that all models may have together, as their manifests say it; this machine's, or its \
            control group's, by default (DNA_MODEL_MEMORY).
            """)
    var modelMemory: Int?

    func takes(_ environment: [String: String]) throws -> Bool {
        if let registeredModels { return registeredModels == .take }
        guard let text = environment["DNA_REGISTERED_MODELS"] else { return true }
        guard let choice = Choice(rawValue: text) else {
            throw ValidationError("DNA_REGISTERED_MODELS must be take or ignore")
        }
        return choice == .take
    }

    func memory(_ environment: [String: String]) throws -> Int? {
        guard let text = environment["DNA_MODEL_MEMORY"], modelMemory == nil else {
            if let modelMemory, modelMemory < 0 { throw ValidationError("--model-memory is less than nothing") }
            return modelMemory
        }
        guard let bytes = Int(text), bytes >= 0 else {
            throw ValidationError("DNA_MODEL_MEMORY is no number of bytes: \(text)")
        }
        return bytes
    }
}
