import Cryptography
import DNAProtocol
import Foundation
import LocalNetwork
import NodeState
import TLS
import Testing

struct ProvisioningTests {
    private let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))

    private func withNetwork(_ body: (ServiceFolders, Genesis) throws -> Void) throws {
        let folders = ServiceFolders(path: "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())")
        defer { try? FileManager.default.removeItem(atPath: folders.path) }
        try body(folders, try Provisioning(folders: folders).found(.init(), createdAt: now))
    }

    @Test func letsWorkersInByInvitationOnly() throws {
        try withNetwork { folders, genesis in
            let signed = try JSONFile.read(SignedRoster.self, path: folders.roster)
            try signed.validate(in: genesis)
            #expect(signed.roster.nodes.isEmpty)
            #expect(signed.roster.operators.map(\.name) == ["operator-1", "operator-2", "operator-3"])
            for entry in signed.roster.operators {
                let text = try String(contentsOfFile: folders.invitation(entry.name), encoding: .utf8)
                let invitation = try #require(Invitation(text: text))
                try invitation.validate(in: genesis, roster: signed.roster, at: now)
                #expect(invitation.body.operator == entry.name)
            }
        }
    }

    @Test func givesEveryPartyACertificateOfItsRole() throws {
        try withNetwork { folders, genesis in
            let authority = try TLS.Certificate(pem: PEMFile.read(folders.authority))
            func certificate(_ party: ServiceFolders.Party) throws -> TLS.Certificate {
                let folder = folders.folder(of: party)
                let certificate = try TLS.Certificate(pem: PEMFile.read(folder + "/certificate.pem"))
                #expect(certificate.refusal(by: [authority], now: now.seconds) == nil)
                let key = try PrivateKey(pem: PEMFile.read(folder + "/private-key.pem"))
                #expect(try key.publicKey == certificate.publicKey)
                return certificate
            }
            let network = try genesis.networkID().hex
            let signer = try certificate(.signer(2))
            #expect(signer.identity == PeerIdentity(network: network, role: .signer, name: "2"))
            #expect(signer.dnsNames.contains("signer-2"))
            let gateway = try certificate(.gateway)
            #expect(gateway.identity?.role == .gateway && gateway.commonName == "dna_gateway")
            #expect(try certificate(.aggregator).commonName == "dna_aggregator")
            #expect(try certificate(.administrator).identity?.role == .administrator)
            #expect(try certificate(.monitor).identity?.role == .monitor)
            // The database's certificates let nobody call a service.
            #expect(try certificate(.database).identity == nil)
            #expect(try certificate(.owner).identity == nil)
        }
    }

    @Test func sealsEveryPartysKeysWithAPassphraseOfItsOwn() throws {
        try withNetwork { folders, genesis in
            let one = folders.folder(of: .signer(1))
            let two = folders.folder(of: .signer(2))
            let key = try KeyFile.signingKey(
                .signerIdentity, path: one + "/identity.key", passphrase: try Passphrase.read(path: one + "/passphrase")
            )
            #expect(key.publicKey == genesis.signers.members[0].identity)
            let other = try Passphrase.read(path: two + "/passphrase")
            #expect(throws: (any Error).self) {
                try KeyFile.signingKey(.signerIdentity, path: one + "/identity.key", passphrase: other)
            }
        }
    }

    @Test func showsSecretsToTheirOwnerOnly() throws {
        try withNetwork { folders, _ in
            let enumerator = try #require(FileManager.default.enumerator(atPath: folders.path))
            for case let file as String in enumerator where !file.hasPrefix("network") {
                let attributes = try FileManager.default.attributesOfItem(atPath: folders.path + "/" + file)
                guard attributes[.type] as? FileAttributeType == .typeRegular, !file.hasSuffix("certificate.pem"),
                    !file.hasSuffix("authority.pem")
                else { continue }
                let mode = attributes[.posixPermissions] as? Int
                let isShared = ["database/private-key.pem", "monitor/private-key.pem"].contains(file)
                #expect(mode == (isShared ? 0o640 : 0o600), "\(file)")
            }
        }
    }

    @Test func renewsNothingThatIsNotDue() throws {
        try withNetwork { folders, _ in
            let path = folders.folder(of: .gateway) + "/certificate.pem"
            let before = try PEMFile.read(path)
            #expect(try Provisioning(folders: folders).renewCertificates().isEmpty)
            #expect(try PEMFile.read(path) == before)
        }
    }

    @Test func renewsWhatIsDueWithTheSameKeyAndNames() throws {
        try withNetwork { folders, _ in
            let folder = folders.folder(of: .gateway)
            let path = folder + "/certificate.pem"
            let old = try TLS.Certificate(pem: PEMFile.read(path))
            let administrator = folders.folder(of: .administrator)
            let authority = try CertificateAuthority.load(
                certificate: administrator + "/authority.pem", privateKey: administrator + "/authority-key.pem",
                passphrase: try Passphrase.read(path: administrator + "/passphrase").withUnsafeBytes { [UInt8]($0) })
            // Good for an hour from half a year ago, and over since.
            let request = CertificateRequest(
                identity: old.identity, commonName: old.commonName, dnsNames: old.dnsNames,
                ipAddresses: old.ipAddresses, publicKey: old.publicKey, lifetime: 3_600)
            let due = try authority.issue(request, now: now.seconds - 180 * 86_400)
            try PEMFile.write(due.pem, to: path, isPrivate: false)
            #expect(try Provisioning(folders: folders).renewCertificates() == ["gateway"])
            let new = try TLS.Certificate(pem: PEMFile.read(path))
            #expect(new.identity == old.identity && new.publicKey == old.publicKey && new.dnsNames == old.dnsNames)
            #expect(new.refusal(by: [authority.certificate], now: now.seconds) == nil)
        }
    }
}
