import Cryptography
import DNAProtocol
import ServiceKit
import Threshold

/// What one attempt at a group signature came to.
enum SigningOutcome: Sendable {
    /// It verifies.
    case signature(Ed25519.Signature)
    /// There is none; these signers are why.
    case failed([SignerFault])
}

/// Why a signer cannot be counted on for this decision.
struct SignerFault: Error, Sendable {
    let signer: Int
    let reason: String
}

/// One attempt at a group signature by the first t signers that answer. Every attempt has fresh nonces.
struct GroupSigning: Sendable {
    let publicKeys: PublicKeyPackage
    let decision: Decision
    let evidence: Evidence

    func run(with signers: [SignerConnection]) async throws -> SigningOutcome {
        let (commitments, absent) = try await nonces(from: signers)
        guard commitments.count == publicKeys.threshold else { return .failed(absent) }
        let (shares, faults) = await self.shares(of: commitments, from: signers)
        guard faults.isEmpty else { return .failed(faults) }
        let package = try SigningPackage(
            message: try decision.signingBytes(), commitments: commitments.map(\.commitment), publicKeys: publicKeys)
        switch try package.aggregate(shares) {
        case .signature(let signature): return .signature(signature)
        case .culprits(let culprits):
            return .failed(culprits.map { SignerFault(signer: Int($0.number), reason: "bad signature share") })
        }
    }

    private struct Commitment {
        let reply: NonceReply
        let commitment: NonceCommitment
    }

    /// The first t that answer, ascending; or fewer, and why the others did not.
    private func nonces(from signers: [SignerConnection]) async throws -> ([Commitment], [SignerFault]) {
        let request = NonceRequest(decision: try decision.decisionID())
        return await withTaskGroup(of: Result<Commitment, SignerFault>.self) { group in
            for signer in signers {
                group.addTask {
                    await answer(of: signer) { try read(try await signer.nonces(request), from: signer) }
                }
            }
            var commitments: [Commitment] = []
            var faults: [SignerFault] = []
            for await result in group {
                switch result {
                case .success(let commitment): commitments.append(commitment)
                case .failure(let fault): faults.append(fault)
                }
                if commitments.count == publicKeys.threshold { break }
            }
            group.cancelAll()
            return (commitments.sorted { $0.reply.signer < $1.reply.signer }, faults)
        }
    }

    private func read(_ reply: NonceReply, from signer: SignerConnection) throws(SignerFault) -> Commitment {
        guard reply.signer == signer.identifier, let participant = ParticipantIdentifier(reply.signer),
            let hiding = GroupElement(hex: reply.hiding), let binding = GroupElement(hex: reply.binding)
        else { throw SignerFault(signer: signer.identifier, reason: "malformed nonce commitment") }
        return Commitment(
            reply: reply, commitment: NonceCommitment(participant: participant, hiding: hiding, binding: binding))
    }

    private func shares(
        of commitments: [Commitment], from signers: [SignerConnection]
    ) async -> ([SignatureShare], [SignerFault]) {
        let request = ShareRequest(
            decision: decision, evidence: evidence, commitments: commitments.map(\.reply))
        let taking = signers.filter { signer in commitments.contains { $0.reply.signer == signer.identifier } }
        return await withTaskGroup(of: Result<SignatureShare, SignerFault>.self) { group in
            for signer in taking {
                group.addTask {
                    await answer(of: signer) { try read(try await signer.share(request), from: signer) }
                }
            }
            var (shares, faults): ([SignatureShare], [SignerFault]) = ([], [])
            for await result in group {
                switch result {
                case .success(let share): shares.append(share)
                case .failure(let fault): faults.append(fault)
                }
                // One that is missing makes the others' useless: another subset needs fresh nonces.
                if !faults.isEmpty { break }
            }
            group.cancelAll()
            return (shares, faults)
        }
    }

    private func read(_ reply: ShareReply, from signer: SignerConnection) throws(SignerFault) -> SignatureShare {
        guard reply.signer == signer.identifier, let participant = ParticipantIdentifier(reply.signer),
            let share = Scalar(hex: reply.share)
        else { throw SignerFault(signer: signer.identifier, reason: "malformed signature share") }
        return SignatureShare(participant: participant, share: share)
    }

    private func answer<Value>(
        of signer: SignerConnection, _ body: () async throws -> Value
    ) async -> Result<Value, SignerFault> {
        do {
            return .success(try await body())
        } catch let fault as SignerFault {
            return .failure(fault)
        } catch {
            // A ServiceError's words are the signer's refusal or the transport's; neither holds a secret.
            return .failure(SignerFault(signer: signer.identifier, reason: "\(error)"))
        }
    }
}
