import Foundation

/// Another program, with what it says.
package enum Command {
    /// How a program ended.
    package struct Outcome: Sendable {
        package let status: Int32
        /// Its standard output, and its errors where asked for.
        package let text: String
    }

    /// Runs a program to its end. An environment that is given should keep a sanitizer's settings.
    package static func run(
        _ path: String, _ arguments: [String], environment: [String: String]? = nil, folder: String? = nil,
        includesErrors: Bool = false
    ) async throws -> Outcome {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardOutput = pipe
        if includesErrors { process.standardError = pipe }
        try process.run()
        // Reading blocks, so it gets a thread of its own: the service under test needs those of the pool.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(
                    returning: Outcome(status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self)))
            }
        }
    }

    /// Other people's program, where it is installed.
    package static func find(_ name: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/"].map { $0 + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// An executable of the package that was not built with the tests.
package struct NotBuilt: Error {
    let name: String
}

/// The path of an executable of the package, built beside the tests.
package func builtExecutable(_ name: String) throws -> String {
    let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    // The runner of the toolchain may run the tests as a library.
    let folders = ([path] + CommandLine.arguments).map { ($0 as NSString).deletingLastPathComponent }
    let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else { throw NotBuilt(name: name) }
    return found
}
