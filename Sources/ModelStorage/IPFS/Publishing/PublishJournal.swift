package import ContentAddressing
import Foundation
import Synchronization

/// What has been sent of a package to a server, so that a command that was killed goes on. Lines in a file: what it is about,
/// then a line for each segment that was begun or done. A line that was not written as a whole counts for nothing.
package final class PublishJournal: Sendable {
    private struct State {
        var begun: Set<Int> = []
        var done: Set<Int> = []
    }

    package let path: String
    private let title: String
    private let state: Mutex<State>

    /// Opens the journal of this package and server, or begins one.
    package init(folder: String, root: CID, server: String, segmentBytes: Int) throws(StorageError) {
        let place = CID(of: Array("\(root) \(server)".utf8), codec: .raw)
        path = folder + "/publish-\(place)"
        title = "dna-publish 1 \(root) \(server) \(segmentBytes)"
        let url = URL(fileURLWithPath: path)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
            if let found = Self.read(text, title) {
                state = Mutex(found)
                // The line that was being written shall not swallow the next.
                if !text.hasSuffix("\n") { try Data((text + "\n").utf8).write(to: url, options: .atomic) }
            } else {
                state = Mutex(State())
                try Data((title + "\n").utf8).write(to: url, options: .atomic)
            }
        } catch {
            throw .disk(path: path, reason: error.localizedDescription)
        }
    }

    private static func read(_ text: String, _ title: String) -> State? {
        // What follows the last newline was being written.
        guard let end = text.lastIndex(of: "\n") else { return nil }
        let lines = text[..<end].split(separator: "\n")
        guard let first = lines.first, first == title else { return nil }
        var state = State()
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = Int(words[1]) else { continue }
            if words[0] == "done" { state.done.insert(number) } else { state.begun.insert(number) }
        }
        return state
    }

    package func isDone(_ segment: Int) -> Bool { state.withLock { $0.done.contains(segment) } }
    /// Whether some of the segment may be there.
    package func isInDoubt(_ segment: Int) -> Bool { state.withLock { $0.begun.contains(segment) } }

    package func begin(_ segment: Int) throws(StorageError) { try add("begun", segment) }
    package func finish(_ segment: Int) throws(StorageError) { try add("done", segment) }

    /// Nothing is known to be there any more; everything is asked for.
    package func doubtAll(_ count: Int) throws(StorageError) {
        state.withLock { $0 = State(begun: Set(0..<count)) }
        do {
            let lines = [title] + (0..<count).map { "begun \($0)" }
            let text = lines.joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .disk(path: path, reason: error.localizedDescription)
        }
    }

    private func add(_ word: String, _ segment: Int) throws(StorageError) {
        let line = "\(word) \(segment)\n"
        let isWritten = state.withLock { state in
            if word == "done" { state.done.insert(segment) } else { state.begun.insert(segment) }
            guard let file = fopen(path, "ae") else { return false }
            defer { fclose(file) }
            return fputs(line, file) >= 0 && fflush(file) == 0
        }
        guard isWritten else { throw .disk(path: path, reason: lastError()) }
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }
}
