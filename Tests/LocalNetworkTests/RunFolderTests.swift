import Foundation
import LocalNetwork
import Testing

@Suite struct RunFolderTests {
    @Test func aFileIsThereExactlyWhileItsProcessRuns() throws {
        let path = "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = RunFolder(path: path)
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

        try folder.prepare()
        folder.note(.started(name: "a", pid: 7))
        folder.note(.started(name: "b", pid: 8))
        #expect(try files() == ["a.pid", "b.pid"])
        #expect(try String(contentsOfFile: path + "/a.pid", encoding: .utf8) == "7\n")
        folder.note(.died(name: "a", .signalled(9)))
        #expect(try files() == ["b.pid"])
        folder.note(.started(name: "a", pid: 9))
        #expect(try String(contentsOfFile: path + "/a.pid", encoding: .utf8) == "9\n")
        folder.note(.stopped(name: "b", .exited(0)))
        #expect(try files() == ["a.pid"])
        try folder.prepare()
        #expect(try files() == [])
    }
}
