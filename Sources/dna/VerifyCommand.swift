import ArgumentParser
import Canonical
import Consensus
import DNAProtocol
import NodeState

/// `dna verify CERT --network FILE`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a certificate offline, from the votes up.",
        discussion: """
            With --network: exits 0 only if that network decided exactly this. Without it nobody can tell whose \
            signature it is: the best verdict is "self-consistent, signer unknown", and the exit status is 2. Anything \
            that does not fit exits 1.
            """)

    @Argument(help: "The certificate, as `dna ask --certificate` writes it.") var certificate: String
    @Option(help: "The network file (GET /v1/network), obtained once by a way you trust.") var network: String?
    @Flag(help: "Print the verdict and the checks as JSON.") var json = false

    func run() async throws {
        let bundle = try JSONFile.read(Bundle.self, path: certificate)
        let file = try network.map { try JSONFile.read(NetworkFile.self, path: $0) }
        let verification = Verification(of: bundle, networkFile: file)
        if json { try printJSON(verification) } else { printText(verification, bundle.certificate.decision) }
        switch verification.verdict {
        case .valid: return
        case .selfConsistent: throw ExitCode(2)
        case .invalid: throw ExitCode(1)
        }
    }

    private func printText(_ verification: Verification, _ decision: Decision) {
        for check in verification.checks where check.failure != nil {
            Console.output("\(check.name): \(check.failure ?? "")")
        }
        if verification.verdict == .valid {
            Console.output("network      \(decision.network)")
            Console.output("model        \(decision.model)")
            Console.output("request      \(decision.request)")
            Console.output(
                "decided at   \(decision.decidedAt) by \(decision.voters.count) voters, round \(decision.round)")
        }
        Console.output("certificate: \(verification.verdict.rawValue)")
    }

    private func printJSON(_ verification: Verification) throws {
        struct Line: Encodable {
            var name: String
            var failure: String?
        }
        struct Report: Encodable {
            var verdict: String
            var checks: [Line]
        }
        let lines = verification.checks.map { Line(name: $0.name, failure: $0.failure) }
        Console.output(try CanonicalJSON.encode(Report(verdict: verification.verdict.rawValue, checks: lines)))
    }
}
