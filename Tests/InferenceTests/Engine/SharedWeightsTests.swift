import Canonical
import Cryptography
import Foundation
import Inference
import Kernels
import Testing

struct SharedWeightsTests {
    private static let digest = Digest.of("dna/test", [])

    /// Calls `body` with a folder that does not exist yet, and the path of the file that belongs in it.
    private func withFolder(_ body: (SharedWeights, String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(SharedWeights(folder: folder, digest: Self.digest), "\(folder)/\(Self.digest.hex).packed")
    }

    private func engine(_ shared: SharedWeights?) throws -> Engine {
        try Engine(modelPath: FamilyVector("qwen3moe").path, options: EngineOptions(threads: 1, sharedWeights: shared))
    }

    private func answer(_ engine: Engine) async throws -> Digest {
        try await engine.generate(
            prompt: [1, 2, 3], sampling: SamplingParameters(), seed: NoiseSeed(bytes: Array(repeating: 3, count: 32))!,
            challenge: TraceChallenge(bytes: Array(repeating: 9, count: 32))!, maxTokens: 12, stopTokens: []
        ).traceRoot
    }

    private func fileNumber(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
    }

    private func mappings(of path: String) throws -> [Substring] {
        // Its size is said to be 0, for which `String(contentsOfFile:)` reads 4 KiB.
        let table = try #require(try FileHandle(forReadingAtPath: "/proc/self/maps")?.readToEnd())
        return String(decoding: table, as: UTF8.self).split(separator: "\n").filter { $0.contains(path) }
    }

    @Test func answersAreTheSame() async throws {
        let expected = try await answer(engine(nil))
        try await withFolder { shared, _ in
            for _ in 0..<2 {
                let root = try await answer(engine(shared))
                #expect(root == expected)
            }
        }
    }

    @Test func whoComesLaterMapsTheSameFile() async throws {
        try await withFolder { shared, path in
            let first = try engine(shared)
            let number = try fileNumber(path)
            let second = try engine(shared)
            #expect(try fileNumber(path) == number)
            let mappings = try mappings(of: path)
            #expect(!mappings.isEmpty)
            #expect(mappings.allSatisfy { $0.contains(" r--s ") && $0.hasSuffix(path) })
            withExtendedLifetime((first, second)) {}
        }
    }

    @Test func whoStartAtTheSameTimeMakeOneFile() async throws {
        try await withFolder { shared, path in
            let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let engine = try engine(shared)
                        return try withExtendedLifetime(engine) { try fileNumber(path) }
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(numbers.count == 1)
        }
    }

    /// What is done to a good file.
    enum Damage: CaseIterable {
        case aBitOfTheWeights, aBitOfTheHeader, theEnd, anybodyMayWrite, anotherSource
    }

    @Test(arguments: Damage.allCases)
    func aFileThatIsNotExactlyRightIsMadeAnew(_ damage: Damage) async throws {
        try await withFolder { shared, path in
            let expected = try await answer(engine(shared))
            let good = try Data(contentsOf: URL(filePath: path))
            var bad = good
            switch damage {
            case .aBitOfTheWeights: bad[good.count / 2] ^= 1
            case .aBitOfTheHeader: bad[8] ^= 1
            case .theEnd: bad.removeLast()
            case .anotherSource:
                let text = String(decoding: good.prefix(4096), as: UTF8.self)
                bad.replaceSubrange(
                    0..<4096,
                    with: text.replacing(Self.digest.hex, with: String(repeating: "0", count: 64)).utf8)
            case .anybodyMayWrite: break
            }
            try bad.write(to: URL(filePath: path))
            let mode = damage == .anybodyMayWrite ? 0o666 : 0o600
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let number = try fileNumber(path)
            let root = try await answer(engine(shared))
            #expect(root == expected)
            #expect(try fileNumber(path) != number)
            #expect(try Data(contentsOf: URL(filePath: path)) == good)
        }
    }

    @Test func aFolderThatCannotBeMadeIsNamed() async throws {
        let shared = SharedWeights(folder: "/proc/no/such/folder", digest: Self.digest)
        let error = #expect(throws: EngineError.self) { _ = try engine(shared) }
        #expect(error?.description.contains("/proc/no/such/folder") == true)
    }

    /// Files outlive programs. When this fails because matrices are packed otherwise, raise `PackedFile.version` and write
    /// the new digest here.
    @Test func packedBytesAreThoseOfTheFilesVersion() throws {
        var numbers = TestNumbers(state: 11)
        var hash = SHA256()
        for type in TestMatrix.types.sorted(by: { $0.rawValue < $1.rawValue }) {
            let matrix = try #require(TestMatrix(type, rows: 19, columns: 512, &numbers).packed)
            hash.update(matrix.packedBytes)
        }
        #expect(
            Hexadecimal.encode(hash.finalize()) == "297442cbf34fb5328230b0baaf3e941cc4874be318ca26f47209f8ef3270f182")
    }
}
