import Foundation
import Simulation
import TestKit
import Testing

@Suite struct SimulationTests {
    @Test func keepsEveryPromise() async throws {
        let jobs = UInt64(ProcessInfo.processInfo.activeProcessorCount)
        let broken = try await withThrowingTaskGroup(of: [UInt64: [Violation]].self) { group in
            for job in 1...jobs {
                group.addTask {
                    var broken: [UInt64: [Violation]] = [:]
                    for seed in stride(from: job, through: 1_000, by: Int(jobs)) {
                        let violations = try Simulation(seed: seed).violations
                        if !violations.isEmpty { broken[seed] = violations }
                    }
                    return broken
                }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
        #expect(broken == [:], "scripts/simulate --replay \(broken.keys.min() ?? 0)")
    }

    @Test func theSameSeedRunsTheSameWay() throws {
        let (first, second) = (try Simulation(seed: 7), try Simulation(seed: 7))
        #expect(first.log.digest == second.log.digest)
        let other = try Simulation(seed: 8)
        #expect(first.log.digest != other.log.digest)
    }

    /// Every process has its own hash seed, which must decide nothing.
    @Test func theSameSeedRunsTheSameWayInEveryProcess() async throws {
        let one = try await Self.simulate("--seeds", "40", "--digests", "--jobs", "1")
        let another = try await Self.simulate("--seeds", "40", "--digests", "--jobs", "3")
        let here = try (1...UInt64(40)).map { "seed \($0): \(try Simulation(seed: $0).log.digest.hex)" }
        #expect(one == here)
        #expect(another == here)
    }

    @Test func whatIsRememberedChangesNothing() throws {
        for seed in 1...UInt64(10) {
            let plain = try Simulation(seed: seed, isRehearsed: false)
            #expect(plain.log.digest == (try Simulation(seed: seed)).log.digest, "seed \(seed)")
        }
    }

    @Test func aLyingQuorumGetsAFalseCertificate() throws {
        try expect(.falseCertificate, Options(premise: .lyingQuorum))
    }

    @Test func enoughMaliciousSignersSignTwoDecisions() throws {
        try expect(.twoDecisions, Options(premise: .maliciousSigners))
    }

    @Test func aThresholdOfMaliciousSignersSignsAnything() throws {
        try expect(.falseCertificate, Options(premise: .maliciousSigners))
    }

    @Test func anAggregatorMayForgeVotesWhoseSignaturesNobodyChecks() throws {
        try expect(.falseCertificate, Options(mutation: .uncheckedSignatures))
    }

    @Test func aNonceThatIsUsedAgainIsCaught() throws {
        try expect(.nonceReuse, Options(mutation: .nonceReuse))
    }

    @Test func aRevokedNodesVoteUnderAnOldRosterIsCaught() throws {
        try expect(.revokedVote, Options(mutation: .oldRoster))
    }

    @Test func aReplicaThatWritesWithoutItsLeaseIsCaught() throws {
        try expect(.constraint, Options(mutation: .ignoredLease))
    }

    @Test func aVoteThatOpensNoCommitmentIsCaught() throws {
        try expect(.unopenedVote, Options(mutation: .uncheckedOpening))
    }

    @Test func aNodeThatContradictedItselfAndCountsIsCaught() throws {
        try expect(.contradictedNode, Options(mutation: .countedContradictions))
    }

    @Test func aWeakQuorumIsCaught() throws {
        try expect(.unverifiable, Options(mutation: .weakQuorum))
    }

    @Test func signersThatForgetSignTwoDecisions() throws {
        try expect(.twoDecisions, Options(mutation: .forgottenDecisions))
    }

    @Test func workersThatForgetContradictThemselves() throws {
        try expect(.honestContradiction, Options(mutation: .forgottenJournal))
    }

    /// Some early seed breaks the promise, and nothing else is needed to see it.
    private func expect(_ invariant: Violation.Invariant, _ options: Options) throws {
        for seed in 1...UInt64(500) {
            let violations = try Simulation(seed: seed, options: options).violations
            guard let violation = violations.first(where: { $0.invariant == invariant }) else { continue }
            print("seed \(seed): \(violation)")
            return
        }
        Issue.record("no seed breaks it: \(invariant.rawValue)")
    }

    /// The digests that the executable built beside the tests prints.
    private static func simulate(_ arguments: String...) async throws -> [String] {
        let outcome = try await Command.run(
            try builtExecutable("simulate"), arguments,
            environment: ProcessInfo.processInfo.environment.filter { $0.key != "SWIFT_DETERMINISTIC_HASHING" })
        try #require(outcome.status == 0)
        return outcome.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("seed ") }
    }
}
