import Canonical
import DNAProtocol
import Foundation
import LocalNetwork
import NodeState
import TestKit
import Testing

/// One network over several starts, with other workers each time.
@Suite(.serialized, .timeLimit(.minutes(10))) struct WorkerScalingTests {
    private struct Listing: Decodable {
        struct Node: Decodable {
            var node: String
            var `operator`: String
            var status: String
        }
        var epoch: Int
        var nodes: [Node]

        func nodes(_ status: String) -> [String] { nodes.filter { $0.status == status }.map(\.node) }
    }

    /// Runs `dna nodes` on the network in `folder`.
    private func administer(_ folder: NetworkFolder, _ arguments: String...) async throws -> [UInt8] {
        try await folder.dna(["nodes"] + arguments)
    }

    private func listing(_ folder: NetworkFolder) async throws -> Listing {
        try CanonicalJSON.decode(Listing.self, from: try await administer(folder, "list", "--json"))
    }

    private func run(
        _ folder: NetworkFolder, workers: Int, _ body: @Sendable @escaping () async throws -> Void
    ) async throws {
        var options = try LiveNetwork.options(folder)
        options.workers = workers
        try await LocalNetwork(folder: folder, options: options) { _ in }.run { _ in try await body() }
    }

    @Test func workersComeByInvitationAndGoAlsoAfterARevocation() async throws {
        let folder = NetworkFolder(
            path: FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString.prefix(8))").path)
        defer {
            if let genesis = try? JSONFile.read(Genesis.self, path: folder.genesis), let id = try? genesis.networkID() {
                let data = folder.postgres(of: id) as NSString
                try? FileManager.default.removeItem(atPath: data.deletingLastPathComponent)
            }
            try? FileManager.default.removeItem(atPath: folder.path)
        }
        try await run(folder, workers: 3) {
            let first = try await listing(folder)
            #expect(first.nodes("active").count == 3)
            #expect(Set(first.nodes.map(\.operator)).count == 3, "one for each operator")
            _ = try await administer(folder, "revoke", first.nodes("active")[0])
            #expect(try await listing(folder).nodes("revoked") == [first.nodes("active")[0]])
        }
        try await run(folder, workers: 4) {
            let second = try await listing(folder)
            #expect(second.nodes("active").count == 4 && second.nodes("revoked").count == 1)
        }
        try await run(folder, workers: 3) {
            let third = try await listing(folder)
            #expect(third.nodes("active").count == 3 && third.nodes("left").count == 1)
        }
    }
}
