import Foundation

/// The real model, where `scripts/fetch-model` puts it; `DNA_MODEL` names another place.
package enum RealModel {
    package static let path: String = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["DNA_MODEL"] { return path }
        let cache =
            environment["DNA_CACHE"]
            ?? (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache") + "/dna-layer"
        return cache + "/models/SmolLM2-135M-Instruct.gguf"
    }()
}
