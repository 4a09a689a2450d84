public import ArgumentParser
public import Foundation
public import Logging
import ServiceKit

/// How much a service logs.
public struct LogArguments: ParsableArguments {
    private static let level = Setting(
        "log-level", default: Logger.Level.info.rawValue,
        help: "How much to log: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")

    @Option(help: ArgumentHelp(Self.level.fullHelp))
    var logLevel: String?

    /// Nothing given yet.
    public init() {}

    /// Starts logging for the process, and makes the service's logger.
    public func start(
        _ label: String, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Logger {
        let name = try Self.level.resolve(logLevel, environment: environment)
        guard let level = Logger.Level(rawValue: name) else {
            throw ValidationError("--log-level: no such level: \(name)")
        }
        bootstrapLogging(level: level)
        return Logger(label: label)
    }
}
