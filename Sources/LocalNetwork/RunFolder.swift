import Foundation
import Glibc

/// One file a running process, `NAME.pid`, that holds its process id: for whoever watches, measures or kills them.
package struct RunFolder: Sendable {
    private let path: String

    /// Names the folder; ``prepare()`` makes it.
    package init(path: String) { self.path = path }

    /// Makes the folder, without what an earlier run left in it.
    package func prepare() throws {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Follows a supervisor: a file is there exactly while its process runs.
    package func note(_ event: ProcessSupervisor.Event) {
        switch event {
        case .started(let name, let pid): write(pid, of: name)
        case .died(let name, _), .stopped(let name, _): unlink(file(of: name))
        case .failed: break
        }
    }

    /// Replaces the file in one step, so that nobody reads half a number.
    private func write(_ pid: Int32, of name: String) {
        let temporary = file(of: name) + ".new"
        // Whoever reads these files does without, should the disk be full; the network runs on.
        guard (try? "\(pid)\n".write(toFile: temporary, atomically: false, encoding: .utf8)) != nil else { return }
        rename(temporary, file(of: name))
    }

    private func file(of name: String) -> String { "\(path)/\(name).pid" }
}
