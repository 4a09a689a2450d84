import Canonical
import Foundation
import NodeState
import Testing

@Suite struct WriteOnceStoreTests {
    let folder = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
    let key = Digest.of("key", [])
    let first = Digest.of("first", [])
    let second = Digest.of("second", [])

    @Test func keepsTheFirstValueAcrossRestarts() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try WriteOnceStore(folder: folder).value(for: key) == nil)
        #expect(try WriteOnceStore(folder: folder).record(first, for: key) == first)
        #expect(try WriteOnceStore(folder: folder).record(second, for: key) == first)
        #expect(try WriteOnceStore(folder: folder).value(for: key) == first)
        #expect(try WriteOnceStore(folder: folder).record(second, for: second) == second)
    }

    @Test func givesAllWritersOfAKeyTheSameValue() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try WriteOnceStore(folder: folder)
        let values = try await withThrowingTaskGroup(of: Digest.self) { group in
            for index in 0..<32 {
                group.addTask { try store.record(Digest.of("writer", [UInt8(index)]), for: key) }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(values.count == 1)
    }

    @Test func refusesADamagedValue() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try WriteOnceStore(folder: folder)
        _ = try store.record(first, for: key)
        let path = "\(folder)/\(key.hex.prefix(2))/\(key.hex)"
        try Data("short".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: StateError.damaged(path)) { try store.record(second, for: key) }
    }
}
