import Simulation
import Testing

@Suite struct SimulationTests {
    @Test func keepsEveryPromiseOverAThousandSeeds() throws {
        var counters: [Counter: Int] = [:]
        for seed in 1...UInt64(1_000) {
            let simulation = try Simulation(seed: seed)
            try #require(simulation.violations == [], "scripts/simulate --replay \(seed)")
            counters.merge(simulation.counters, uniquingKeysWith: +)
        }
        // A promise is worth what tried to break it.
        for counter in Counter.allCases { #expect(counters[counter, default: 0] > 0, "\(counter.rawValue)") }
    }

    @Test func theSameSeedRunsTheSameWay() throws {
        for seed: UInt64 in [7, 8, 9] {
            let (first, second) = (try Simulation(seed: seed), try Simulation(seed: seed))
            #expect(first.log.digest == second.log.digest)
            #expect(first.log.entries.map(\.description) == second.log.entries.map(\.description))
        }
        #expect(try Simulation(seed: 7).log.digest != Simulation(seed: 8).log.digest)
    }

    @Test(arguments: [
        (Options.Premise.lyingQuorum, Violation.Invariant.falseCertificate), (.maliciousSigners, .twoDecisions),
    ])
    func beyondThePremisesThePromiseBreaks(_ premise: Options.Premise, _ broken: Violation.Invariant) throws {
        let seed = try firstSeed(breaking: broken, Options(premise: premise))
        print("premise \(premise.rawValue) is needed: seed \(try #require(seed)), \(broken.rawValue)")
    }

    @Test(arguments: [
        (Mutation.weakQuorum, Violation.Invariant.falseCertificate), (.unsignedVotes, .falseCertificate),
        (.nonceReuse, .nonceReuse), (.forgottenDecisions, .twoDecisions), (.oldRoster, .revokedVote),
        (.ignoredLease, .constraint), (.forgottenJournal, .honestContradiction), (.uncheckedOpening, .unopenedVote),
    ])
    func whatIsBrokenOnPurposeIsCaught(_ mutation: Mutation, _ broken: Violation.Invariant) throws {
        let seed = try firstSeed(breaking: broken, Options(mutation: mutation))
        print("mutation \(mutation.rawValue) is caught: seed \(try #require(seed)), \(broken.rawValue)")
    }

    private func firstSeed(breaking invariant: Violation.Invariant, _ options: Options) throws -> UInt64? {
        try (1...UInt64(400)).first { seed in
            try Simulation(seed: seed, options: options).violations.contains { $0.invariant == invariant }
        }
    }
}
