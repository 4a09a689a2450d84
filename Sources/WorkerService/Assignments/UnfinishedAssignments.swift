import Canonical
import DNAProtocol
import Foundation

/// The assignments a node has committed to and not yet voted in, on disk: aggregators offer no assignment that was
/// committed to, so a node that was killed would not hear of its open votes again.
///
/// What a machine's crash loses here costs a vote. Promises are the journal's.
struct UnfinishedAssignments: Sendable {
    private let folder: String

    /// Opens the folder, which holds prompts: it is closed to others.
    init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Every assignment that was left, the earliest deadline first. What cannot be read is thrown away.
    func all() -> [Assignment] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let found = names.compactMap { name -> Assignment? in
            let path = "\(folder)/\(name)"
            if let data = FileManager.default.contents(atPath: path),
                let assignment = try? CanonicalJSON.decode(Assignment.self, from: Array(data)),
                (try? self.path(of: assignment)) == path
            {
                return assignment
            }
            try? FileManager.default.removeItem(atPath: path)
            return nil
        }
        return found.sorted { $0.deadline.seconds < $1.deadline.seconds }
    }

    /// Keeps an assignment until it is removed.
    func insert(_ assignment: Assignment) throws {
        let data = Data(try CanonicalJSON.encode(assignment))
        try data.write(to: URL(fileURLWithPath: try path(of: assignment)), options: .atomic)
    }

    /// Forgets an assignment; nothing if it is not there.
    func remove(_ assignment: Assignment) {
        guard let path = try? path(of: assignment) else { return }
        try? FileManager.default.removeItem(atPath: path)
    }

    private func path(of assignment: Assignment) throws -> String {
        "\(folder)/\(try assignment.request.requestID().hex)-\(assignment.committee.round)"
    }
}
