public import ArgumentParser
public import Foundation

/// The network's public files.
public struct NetworkArguments: ParsableArguments {
    @Option(help: "The network's genesis (DNA_GENESIS).")
    var genesis: String?

    @Option(help: "A signed roster epoch; needed unless a newer one is known (DNA_ROSTER).")
    var roster: String?

    /// Nothing given yet.
    public init() {}

    /// The path of the genesis.
    public func genesisPath(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> String {
        try required(genesis, "genesis", "DNA_GENESIS", environment)
    }

    /// The path of the roster, if one was given.
    public func rosterPath(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        roster ?? environment["DNA_ROSTER"]
    }
}

/// An option's text, or its variable's; throws a sentence for the operator when there is neither.
public func required(
    _ option: String?, _ name: String, _ variable: String, _ environment: [String: String]
) throws -> String {
    guard let text = option ?? environment[variable] else {
        throw ValidationError("--\(name) or \(variable) is required")
    }
    return text
}
