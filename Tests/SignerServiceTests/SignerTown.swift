import Canonical
import Cryptography
import DNAProtocol
import Foundation
import HTTPTransport
import Logging
import NodeState
import ServiceKit
import SignerService
import TestKit

/// Four signers on real sockets and real folders, in one process.
final class SignerTown {
    let fixture: Fixture
    let folder: String
    let client = HTTPClient()
    private let ports: [Int: Int]
    private var running: [Int: Task<Void, any Error>] = [:]

    /// The cheapest sealing there is: these passphrases protect nothing.
    static let cost = SealedFile.Cost(passes: 1, memory: 8)!  // within the bounds

    init() throws {
        fixture = try Fixture()
        folder = NSTemporaryDirectory() + "dna-signers-" + Hexadecimal.encode(SystemRandom.bytes(count: 8))
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let numbers = fixture.identities.keys.sorted()
        ports = Dictionary(uniqueKeysWithValues: zip(numbers, Self.freePorts(numbers.count)))
        try JSONFile.write(fixture.genesis, path: folder + "/genesis.json")
        try JSONFile.write(fixture.roster, path: folder + "/roster.json")
        try Passphrase.create(path: passphrasePath)
        for number in numbers { try writeKeys(number) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var numbers: [Int] { ports.keys.sorted() }
    var passphrasePath: String { folder + "/passphrase" }

    private func writeKeys(_ number: Int) throws {
        guard let identity = fixture.identities[number], let encryption = fixture.encryptions[number] else { return }
        let passphrase = try Passphrase.read(path: passphrasePath)
        let keys = [
            ("signer-identity", "identity", identity.publicKey.hex, identity.seed),
            ("signer-encryption", "encryption", encryption.publicKey.hex, encryption.bytes),
        ]
        for (kind, name, publicKey, secret) in keys {
            let metadata = try CanonicalJSON.encode(["kind": kind, "public_key": publicKey])
            try SealedFile(metadata: metadata, secret: secret)
                .write(to: "\(folder)/\(number)-\(name).key", passphrase: passphrase, cost: Self.cost)
        }
    }

    /// All held at once, so that they differ.
    private static func freePorts(_ count: Int) -> [Int] {
        let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { for descriptor in sockets { close(descriptor) } }
        return sockets.map { descriptor in
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, size)
                    _ = getsockname(descriptor, $0, &size)
                }
            }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    func options(_ number: Int) -> SignerOptions {
        var options = SignerOptions(
            genesisPath: folder + "/genesis.json", identifier: number, statePath: statePath(number),
            passphrasePath: passphrasePath, identityKeyPath: "\(folder)/\(number)-identity.key",
            encryptionKeyPath: "\(folder)/\(number)-encryption.key", rosterPath: folder + "/roster.json",
            peers: ports.mapValues { HTTPOrigin(host: "127.0.0.1", port: $0) },
            http: HTTPServiceOptions(port: ports[number] ?? 0))
        options.sealingCost = Self.cost
        return options
    }

    func statePath(_ number: Int) -> String { "\(folder)/\(number)" }

    func start(_ number: Int) async throws {
        let signer = try Signer(options: options(number), logger: Self.logger)
        running[number] = Task { try await signer.run() }
        _ = try await signer.port()
    }

    private static let logger = Logger(label: "signer-test") { _ in SwiftLogNoOpLogHandler() }

    func stop(_ number: Int) async {
        running[number]?.cancel()
        _ = await running[number]?.result
        running[number] = nil
    }

    func stopAll() async {
        for number in numbers { await stop(number) }
        await client.shutdown()
    }

    func call(_ number: Int) -> JSONClient {
        JSONClient(client, origin: HTTPOrigin(host: "127.0.0.1", port: ports[number] ?? 0), retry: .never)
    }

    /// The signer's network file, once it has one.
    func networkFile(_ number: Int) async throws -> NetworkFile {
        while true {
            do {
                return try await call(number).get("/v1/network-file")
            } catch let error as ServiceError where error.code == .unavailable {
                await Task.yield()
            }
        }
    }

    /// Waits until the signer has taken `step`.
    func messages(of number: Int, with step: KeyGenerationMessage.Step) async throws -> [KeyGenerationMessage] {
        let reply = try await call(number).get(
            "/v1/key-generation/messages?step=\(step.rawValue)&wait=60", as: KeyGenerationMessages.self,
            deadline: .seconds(70))
        return reply.messages
    }

    /// Runs `body` with a fresh town, whose signers are stopped whatever happens.
    static func with(_ body: (SignerTown) async throws -> Void) async throws {
        let town = try SignerTown()
        do {
            try await body(town)
        } catch {
            await town.stopAll()
            throw error
        }
        await town.stopAll()
    }
}
