public import ArgumentParser
public import Foundation
public import HTTPTransport

/// The option of every program that calls aggregators.
public struct AggregatorArguments: ParsableArguments {
    @Option(help: "An aggregator, https://host:port; repeat it for more (DNA_AGGREGATOR, separated by commas).")
    var aggregator: [String] = []

    /// Nothing given yet.
    public init() {}

    /// Where the aggregators are: what was given, else what the environment says.
    public func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> [HTTPOrigin] {
        let texts = aggregator.isEmpty ? [environment["DNA_AGGREGATOR"] ?? ""] : aggregator
        let origins = try texts.flatMap { try Self.origins($0) }
        guard !origins.isEmpty else { throw ValidationError("--aggregator or DNA_AGGREGATOR is required") }
        return origins
    }

    /// Reads `https://host:port,…`; none from an empty text.
    public static func origins(_ text: String) throws -> [HTTPOrigin] {
        try text.split(separator: ",").map { part in
            guard let origin = HTTPOrigin(String(part)) else {
                throw ValidationError("--aggregator: not https://host:port: \(part)")
            }
            return origin
        }
    }
}
