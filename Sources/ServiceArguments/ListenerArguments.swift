public import ArgumentParser
public import Foundation
import ServiceKit

/// Where a program listens unless it is told otherwise.
public protocol ListenerDefaults: Sendable {
    /// The port.
    static var port: Int { get }
    /// What is spoken there, for the help.
    static var purpose: String { get }
}

/// Address and port of a listener.
public struct ListenerArguments<Defaults: ListenerDefaults>: ParsableArguments {
    private static var hostSetting: Setting<String> { Setting("host", default: "127.0.0.1", help: "Address to bind") }
    private static var portSetting: Setting<Int> {
        Setting(
            "port", default: Defaults.port, range: 0...65_535, help: "Port for \(Defaults.purpose); 0 takes a free one")
    }

    @Option(help: ArgumentHelp(Self.hostSetting.fullHelp))
    var host: String?

    @Option(help: ArgumentHelp(Self.portSetting.fullHelp))
    var port: Int?

    /// Nothing given yet.
    public init() {}

    /// What is in force.
    public func resolve(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> (host: String, port: Int) {
        (
            try Self.hostSetting.resolve(host, environment: environment),
            try Self.portSetting.resolve(port, environment: environment)
        )
    }
}
