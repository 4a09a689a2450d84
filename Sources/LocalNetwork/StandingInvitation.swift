import Cryptography
import DNAProtocol
import Foundation

/// An invitation for as many nodes of an operator as there may ever be: for networks whose nodes have one owner.
struct StandingInvitation {
    /// How long it is good for, in seconds: ten years.
    static let lifetime: Int64 = 3_650 * 86_400

    let network: NetworkID
    let `operator`: String

    /// Writes it to a file that only its owner can read.
    func write(to path: String, at now: Timestamp, signedBy key: Ed25519.SigningKey) throws {
        let body = Invitation.Body(
            network: network, operator: `operator`, serial: SystemRandom.bytes(count: Invitation.Body.serialByteCount),
            uses: Invitation.maximumUses, expiresAt: now + Self.lifetime)
        let text = try Invitation(body: body, key: key).text() + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}
