import Foundation

/// PostgreSQL's server programs on this machine.
public struct PostgresInstallation: Sendable {
    /// The folder that holds `initdb` and `postgres`.
    public let binaryFolder: String

    /// Finds the newest in Debian's place, or else the first in `PATH`.
    public static func find() -> PostgresInstallation? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        let newestFirst = versions.compactMap(Int.init).sorted(by: >).map { "\(debian)/\($0)/bin" }
        return (newestFirst + path.split(separator: ":").map(String.init)).first(where: isComplete)
            .map(PostgresInstallation.init(binaryFolder:))
    }

    private static func isComplete(_ folder: String) -> Bool {
        ["initdb", "postgres"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
    }
}
