import Canonical
import Cryptography
import DNAProtocol
import Testing

/// Who comes and goes, as another program wrote and signed it from the protocol's description alone.
@Suite struct AdmissionVectorTests {
    struct File: Decodable {
        struct Entry: Decodable {
            var context: String
            var signer: Ed25519.PublicKey
            var canonical: String
            var digest: String
        }

        var network: NetworkID
        var invitation: Entry
        var invitation_text: String
        var join: Entry
        var leave: Entry
        var assignment_poll: Entry
        var roster: Entry
    }

    let file: File

    init() throws { file = try vectors("admission", as: File.self) }

    /// Reads a signed value, expects the same bytes back, and the statement's digest and signature to fit.
    private func check<Value: Codable, Body: Statement>(
        _ entry: File.Entry, _ type: Value.Type, _ body: (Value) -> Body, _ signature: (Value) -> Ed25519.Signature
    ) throws -> Value {
        let value = try read(type, entry.canonical)
        #expect(try CanonicalJSON.encode(value) == Array(entry.canonical.utf8))
        #expect(Body.context == entry.context)
        #expect(try body(value).digest().hex == entry.digest)
        #expect(try body(value).isSigned(by: entry.signer, signature(value)))
        return value
    }

    @Test func readsAnInvitationAndItsText() throws {
        let invitation = try check(file.invitation, Invitation.self, \.body, \.signature)
        #expect(invitation.signer == file.invitation.signer)
        #expect(try invitation.text() == file.invitation_text)
        #expect(Invitation(text: file.invitation_text) == invitation)
    }

    @Test func verifiesWhoJoinsAndWhoLeaves() throws {
        let join = try check(file.join, JoinRequest.self, \.body, \.signature)
        try join.validate(in: file.network)
        #expect(join.body.invitations == [try read(Invitation.self, file.invitation.canonical)])
        var other = join
        other.body.at = join.body.at + 1
        #expect(throws: InvalidField.self) { try other.validate(in: file.network) }
        let leave = try check(file.leave, LeaveRequest.self, \.body, \.signature)
        try leave.validate(in: file.network)
        #expect(throws: InvalidField.self) { try leave.validate(in: NetworkID(Digest.of("other", []))) }
    }

    @Test func verifiesAPollThatRefuses() throws {
        let poll = try check(file.assignment_poll, AssignmentPoll.self, \.body, \.signature)
        #expect(poll.body.refused?.map(\.round) == [2])
    }

    @Test func readsARosterWithThoseWhoLeftAndWhatIsSpent() throws {
        let signed = try check(file.roster, SignedRoster.self, \.roster) { $0.signatures[0].signature }
        try signed.roster.validate(in: file.network)
        let invitation = try read(Invitation.self, file.invitation.canonical)
        #expect(try signed.roster.uses(of: invitation.invitationID()) == 3)
        #expect(try !invitation.isOpen(to: Ed25519.SigningKey().publicKey, on: signed.roster))
        #expect(signed.roster.nodes.compactMap(\.leftIn) == [65])
    }
}
