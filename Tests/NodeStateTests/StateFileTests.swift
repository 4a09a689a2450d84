import Canonical
import Cryptography
import Foundation
import NodeState
import Testing

/// What others on the machine, crashes and odd paths may do to a node's files.
@Suite struct StateFileTests {
    struct Document: Codable, Equatable {
        var name: String
    }

    let folder: String
    let key = Digest.of("key", [])
    let value = Digest.of("value", [])

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }
    private func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }

    @Test func replacesADocumentWholeAndLeavesNothingBeside() throws {
        defer { remove() }
        let path = folder + "/document.json"
        try JSONFile.write(Document(name: "first"), path: path)
        try JSONFile.write(Document(name: "second"), path: path)
        #expect(try JSONFile.read(Document.self, path: path) == Document(name: "second"))
        #expect(try names(folder) == ["document.json"])
    }

    @Test func writesThroughNoLinkThatSomebodyLaid() throws {
        defer { remove() }
        let (path, victim) = (folder + "/document.json", folder + "/victim")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: victim))
        for name in [path, path + ".new"] {
            try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: victim)
        }
        try JSONFile.write(Document(name: "x"), path: path)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "mine")
        #expect(try JSONFile.read(Document.self, path: path) == Document(name: "x"))
        #expect(throws: StateError.cannotWrite(path + ".new", EEXIST)) { try Passphrase.create(path: path + ".new") }
    }

    @Test func leavesTheOldDocumentWhenItCannotWriteTheNew() throws {
        defer { remove() }
        let path = folder + "/missing/document.json"
        #expect(throws: StateError.self) { try JSONFile.write(Document(name: "x"), path: path) }
        let taken = folder + "/taken"
        try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: false)
        #expect(throws: StateError.cannotWrite(taken, EISDIR)) { try JSONFile.write(Document(name: "x"), path: taken) }
        #expect(try names(folder) == ["taken"])
    }

    @Test func refusesADocumentWithMoreThanItKnows() throws {
        defer { remove() }
        let path = folder + "/document.json"
        try Data(#"{"name":"x","threshold":1}"#.utf8).write(to: URL(fileURLWithPath: path))
        #expect {
            try JSONFile.read(Document.self, path: path)
        } throws: { error in
            (error as? JSONFileError)?.reason == "threshold: is not a known field"
        }
    }

    @Test func keepsNoRecordWhereOthersMayWrite() throws {
        defer { remove() }
        for mode in [0o770, 0o702, 0o777] as [mode_t] {
            chmod(folder, mode)
            #expect(throws: StateError.writableByOthers(folder)) { try WriteOnceStore(folder: folder) }
        }
        chmod(folder, 0o700)
        _ = try WriteOnceStore(folder: folder)
        try Data().write(to: URL(fileURLWithPath: folder + "/file"))
        #expect(throws: StateError.damaged(folder + "/file")) { try WriteOnceStore(folder: folder + "/file") }
    }

    @Test func followsNoLinkToARecord() throws {
        defer { remove() }
        let store = try WriteOnceStore(folder: folder)
        let forged = folder + "/forged"
        try Data((value.hex + "\n").utf8).write(to: URL(fileURLWithPath: forged))
        let path = "\(folder)/\(key.hex.prefix(2))/\(key.hex)"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: forged)
        #expect(throws: StateError.cannotRead(path, ELOOP)) { try store.value(for: key) }
        #expect(throws: StateError.self) { try store.record(value, for: key) }
    }

    @Test func recordsInOneFilePerKeyAndLeavesNothingBeside() throws {
        defer { remove() }
        let store = try WriteOnceStore(folder: folder)
        _ = try store.record(value, for: key)
        _ = try store.record(key, for: key)
        #expect(try names("\(folder)/\(key.hex.prefix(2))") == [key.hex])
        // What a writer left that died before its record had a name.
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(key.hex.prefix(2))/\(key.hex).0.new"))
        #expect(try store.record(key, for: key) == value)
    }

    @Test func readsAPassphraseThatAPipeGivesInPieces() throws {
        defer { remove() }
        let path = folder + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let writer = Thread {
            let descriptor = open(path, O_WRONLY)
            for piece in ["correct ", "horse ", "battery\n"] { _ = write(descriptor, piece, piece.utf8.count) }
            close(descriptor)
        }
        writer.start()
        let passphrase = try Passphrase.read(path: path)
        #expect(passphrase.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == "correct horse battery")
    }

    @Test func refusesAPassphraseThatIsEmptyOrTooLong() throws {
        defer { remove() }
        let path = folder + "/passphrase"
        for text in ["", "\n", String(repeating: "x", count: 1_025)] {
            try? FileManager.default.removeItem(atPath: path)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o600)
            #expect(throws: StateError.damaged(path)) { try Passphrase.read(path: path) }
        }
    }
}
