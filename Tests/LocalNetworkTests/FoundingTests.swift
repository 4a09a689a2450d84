import Cryptography
import DNAProtocol
import Foundation
import LocalNetwork
import NodeState
import Testing

@Suite struct FoundingTests {
    private let folder: NetworkFolder

    init() {
        let path = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
        folder = NetworkFolder(path: path)
    }

    @Test func theGenesisSaysWhichModelsMayBeServed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        var options = Founding.Options()
        options.models = .init(signed: true, authors: [Ed25519.SigningKey().publicKey])
        let genesis = try Founding(folder: folder).found(options, createdAt: Timestamp(seconds: 1_700_000_000))
        #expect(genesis.models == options.models)
        #expect(try JSONFile.read(Genesis.self, path: folder.genesis) == genesis)
    }

    @Test func aFoundingThatWasInterruptedStartsAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let founding = Founding(folder: folder)
        let first = try founding.found(.init(), createdAt: Timestamp(seconds: 1_700_000_000))
        try FileManager.default.removeItem(atPath: folder.genesis)
        let second = try founding.found(.init(), createdAt: Timestamp(seconds: 1_700_000_000))
        #expect(second.administrators.keys != first.administrators.keys)
        let kept = try KeyFile.signingKey(
            .administrator, path: folder.administratorKey(1), passphrase: founding.passphrase())
        #expect(second.administrators.keys == [kept.publicKey])
    }
}
