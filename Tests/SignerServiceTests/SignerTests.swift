import Canonical
import Cryptography
import DNAProtocol
import Foundation
import Logging
import NodeState
import ServiceKit
import SignerService
import TLS
import TestKit
import Testing
import Threshold

@Suite(.timeLimit(.minutes(2))) struct SignerTests {
    @Test func fourSignersGenerateOneKeyAtTheirFirstStart() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            var files: Set<NetworkFile> = []
            for number in town.numbers { files.insert(try await town.networkFile(number)) }
            let file = try #require(files.first)
            #expect(files.count == 1)
            try file.validate()
            #expect(file.genesis == town.fixture.genesis)
            for number in town.numbers {
                let readiness = try await town.call(number).get("/readyz", as: Readiness.self)
                #expect(readiness.ready)
                let names = Set(try FileManager.default.contentsOfDirectory(atPath: town.statePath(number)))
                #expect(names.isSuperset(of: ["share.sealed", "network-file.json", "roster.json"]))
                #expect(names.isDisjoint(with: ["ceremony-seed.sealed", "pending-share.sealed"]))
            }
        }
    }

    @Test func aCertificateOfSomebodyElseIsSaidSoAtTheStart() async throws {
        try await SignerTown.with { town in
            let network = try town.fixture.genesis.networkID().hex
            func start(_ network: String, _ role: PeerRole, _ name: String) throws {
                var options = town.options(1)
                options.certificateIdentity = PeerIdentity(network: network, role: role, name: name)
                _ = try Signer(options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
            try start(network, .signer, "1")
            let other = String(repeating: "0", count: 64)
            for (network, role, name) in [
                (network, PeerRole.signer, "2"), (network, .worker, "1"), (other, .signer, "1"),
            ] {
                #expect(throws: SignerError.foreignCertificate("dna://\(network)/\(role.rawValue)/\(name)", 1)) {
                    try start(network, role, name)
                }
            }
        }
    }

    @Test func aRestartKeepsShareAndGroupKeyWithoutTheOthers() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            let file = try await town.networkFile(2)
            for number in town.numbers { _ = try await town.networkFile(number) }
            for number in town.numbers { await town.stop(number) }
            try await town.start(2)
            #expect(try await town.networkFile(2) == file)
            let promise = try await town.call(2).post(
                "/v1/signing/nonces", NonceRequest(decision: DecisionID(Digest.of("test", []))), as: NonceReply.self)
            #expect(promise.signer == 2)
        }
    }

    @Test(arguments: KeyGenerationMessage.Step.allCases)
    func aSignerKilledAtAnyStepComesBackAndNobodyIsBlamed(step: KeyGenerationMessage.Step) async throws {
        try await SignerTown.with { town in
            // The last signer comes late, so that the others stand still before the step is over.
            let others = town.numbers.dropLast()
            let last = try #require(town.numbers.last)
            for number in others { try await town.start(number) }
            if step > .roundOne { try await town.start(last) }
            let said = try await town.messages(of: 1, with: step)
            await town.stop(1)
            try await town.start(1)
            if step == .roundOne { try await town.start(last) }
            var keys: Set<Ed25519.PublicKey> = []
            for number in town.numbers { keys.insert(try await town.networkFile(number).groupKey) }
            #expect(keys.count == 1)
            let again = try await town.messages(of: 1, with: .confirmation)
            #expect(Array(again.prefix(said.count)) == said)
            #expect(again.count == 3)
        }
    }

    @Test func whileSignersAreMissingItSaysWhichAndSignsNothing() async throws {
        try await SignerTown.with { town in
            try await town.start(1)
            let unready = await #expect(throws: ServiceError.self) {
                _ = try await town.call(1).get("/v1/network-file", as: NetworkFile.self)
            }
            #expect(unready?.code == .unavailable)
            #expect(unready?.message.contains("signer 4") == true)
            await #expect(throws: ServiceError.self) {
                let request = NonceRequest(decision: DecisionID(Digest.of("test", [])))
                _ = try await town.call(1).post("/v1/signing/nonces", request, as: NonceReply.self)
            }
        }
    }

    @Test func aWrongPassphraseIsSaidSo() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            await town.stop(3)
            try FileManager.default.removeItem(atPath: town.passphrasePath)
            try Passphrase.create(path: town.passphrasePath)
            await #expect(throws: StateError.cannotOpen(town.statePath(3) + "/share.sealed")) {
                try await town.start(3)
            }
        }
    }

    @Test func anAlteredShareIsNotUsed() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            await town.stop(3)
            await town.stop(4)
            // Another signer's share, sealed with the same passphrase, in this one's place.
            try FileManager.default.removeItem(atPath: town.statePath(3) + "/share.sealed")
            try FileManager.default.copyItem(
                atPath: town.statePath(4) + "/share.sealed", toPath: town.statePath(3) + "/share.sealed")
            await #expect(throws: SignerError.self) { try await town.start(3) }
        }
    }

    @Test func oneStateServesOneProcess() async throws {
        try await SignerTown.with { town in
            try await town.start(1)
            await #expect(throws: SignerError.stateInUse(town.statePath(1))) { try await town.start(1) }
        }
    }

    @Test func keysThatTheGenesisDoesNotNameAreRefused() async throws {
        try await SignerTown.with { town in
            var options = town.options(1)
            options.identifier = 2
            #expect(throws: SignerError.foreignKey("identity", 2)) {
                try Signer(options: options, logger: .init(label: "test"))
            }
            options.identifier = 5
            #expect(throws: SignerError.notInGenesis(5)) { try Signer(options: options, logger: .init(label: "test")) }
        }
    }
}
