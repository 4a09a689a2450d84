import Canonical
import Glibc
public import Logging

/// Starts logging for the process: one JSON object a line on standard error, from the level that `DNA_LOG_LEVEL` names
/// (trace, debug, info, notice, warning, error, critical), or `level`.
public func bootstrapLogging(level: Logger.Level) {
    let level = getenv("DNA_LOG_LEVEL").flatMap { Logger.Level(rawValue: String(cString: $0)) } ?? level
    LoggingSystem.bootstrap { label in JSONLineLogHandler(label: label, logLevel: level) { write(line: $0) } }
}

/// One `write` per line, so that lines of several threads do not mix.
private func write(line: [UInt8]) {
    // A log that cannot be written has nowhere to say so.
    _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Log lines as JSON: `time`, `level`, `logger`, `message` and the metadata.
struct JSONLineLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let sink: @Sendable ([UInt8]) -> Void

    init(label: String, logLevel: Logger.Level, sink: @escaping @Sendable ([UInt8]) -> Void) {
        self.label = label
        self.logLevel = logLevel
        self.sink = sink
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [String: String] = [:]
        for part in [metadata, metadataProvider?.get() ?? [:], event.metadata ?? [:]] {
            for (key, value) in part { fields[key] = "\(value)" }
        }
        fields["time"] = Self.timestamp()
        fields["level"] = event.level.rawValue
        fields["logger"] = label
        fields["message"] = "\(event.message)"
        // A dictionary of strings always encodes.
        guard let line: [UInt8] = try? CanonicalJSON.encode(fields) else { return }
        sink(line + [UInt8(ascii: "\n")])
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var fields = tm()
        gmtime_r(&now.tv_sec, &fields)
        let seconds = String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, $0.count, "%Y-%m-%dT%H:%M:%S", &fields)
            }
        }
        let milliseconds = String(1_000 + now.tv_nsec / 1_000_000).dropFirst()
        return "\(seconds).\(milliseconds)Z"
    }
}
