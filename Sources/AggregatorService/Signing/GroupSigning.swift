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

/// Carries one attempt at a group signature to the signers and back.
struct GroupSigning: Sendable {
    let publicKeys: PublicKeyPackage
    let decision: Decision
    let evidence: Evidence

    func run(with signers: [SignerConnection]) async throws -> SigningOutcome {
        var attempt = SigningAttempt(
            publicKeys: publicKeys, decision: decision, evidence: evidence, signers: signers.map(\.identifier))
        let request = NonceRequest(decision: try decision.decisionID())
        var step = try await ask(signers, { try await $0.nonces(request) }, { try attempt.take($0, from: $1) })
        if case .askForShares(let request, let chosen) = step {
            let taking = signers.filter { chosen.contains($0.identifier) }
            step = try await ask(taking, { try await $0.share(request) }, { try attempt.take($0, from: $1) })
        }
        switch step {
        case .signature(let signature): return .signature(signature)
        case .failed(let faults): return .failed(faults)
        case .wait, .askForShares: return .failed([])
        }
    }

    /// Asks all at once, and hands on their answers one by one until a step comes of them; who has not answered by then
    /// is no longer waited for.
    private func ask<Reply: Sendable>(
        _ signers: [SignerConnection], _ call: @escaping @Sendable (SignerConnection) async throws -> Reply,
        _ take: (Result<Reply, SignerFault>, Int) throws -> SigningAttempt.Step
    ) async throws -> SigningAttempt.Step {
        try await withThrowingTaskGroup(of: (Result<Reply, SignerFault>, Int).self) { group in
            for signer in signers {
                group.addTask { (await answer(of: signer, call), signer.identifier) }
            }
            defer { group.cancelAll() }
            while let (answer, signer) = try await group.next() {
                let step = try take(answer, signer)
                if case .wait = step { continue }
                return step
            }
            return .wait
        }
    }

    private func answer<Reply>(
        of signer: SignerConnection, _ call: (SignerConnection) async throws -> Reply
    ) async -> Result<Reply, SignerFault> {
        do {
            return .success(try await call(signer))
        } catch {
            // A ServiceError's words are the signer's refusal or the transport's; neither holds a secret.
            return .failure(SignerFault(signer: signer.identifier, reason: "\(error)", kind: Self.kind(of: error)))
        }
    }

    private static func kind(of error: any Error) -> Fault.Kind? {
        switch (error as? ServiceError)?.code {
        case .unavailable, .deadlineExceeded: .noAnswer
        case .badUpstream: .malformedAnswer
        default: nil
        }
    }
}
