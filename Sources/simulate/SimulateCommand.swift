import ArgumentParser
import Foundation
import Simulation

/// Options → seeds → what came of them.
@main
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs whole networks with faults and liars, each drawn from a seed, and checks every promise.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 1_000

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "How many networks at once; as many as there are cores unless stated.")
    var jobs: Int = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print every run's digest: what two runs of one seed have in common.")
    var digests = false

    @Flag(help: "Compute everything every time, as services do: several times slower, to the same digests.")
    var plain = false

    @Option(help: "Run one seed and print everything that happens.")
    var replay: UInt64?

    @Option(help: "Break a part on purpose: \(Mutation.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutation: String?

    @Option(help: "Which premise holds: \(Options.Premise.allCases.map(\.rawValue).joined(separator: ", ")).")
    var premise = Options.Premise.kept.rawValue

    private static let lastEvents = 40

    func validate() throws {
        if let mutation, Mutation(rawValue: mutation) == nil { throw ValidationError("unknown mutation \(mutation)") }
        guard Options.Premise(rawValue: premise) != nil else { throw ValidationError("unknown premise \(premise)") }
        guard (1...1_024).contains(jobs) else { throw ValidationError("jobs must be 1 to 1024") }
        guard seeds > 0, !first.addingReportingOverflow(seeds - 1).overflow else {
            throw ValidationError("there are no such seeds")
        }
    }

    private var options: Options {
        Options(
            premise: Options.Premise(rawValue: premise) ?? .kept,
            mutation: mutation.flatMap { Mutation(rawValue: $0) })
    }

    func run() async throws {
        if let replay {
            let simulation = try Simulation(seed: replay, options: options, isRehearsed: !plain)
            for entry in simulation.log.entries { print(entry) }
            print("digest \(simulation.log.digest.hex)")
            return try finish(simulation)
        }
        let began = ContinuousClock.now
        let run = SeedRun(first...(first + (seeds - 1)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<jobs { group.addTask { try work(run, since: began) } }
            try await group.waitForAll()
        }
        let report = run.report
        for (seed, digest) in report.digests.sorted(by: { $0.key < $1.key }) { print("seed \(seed): \(digest)") }
        for (counter, count) in report.counters.sorted(by: { $0.key < $1.key }) {
            print("\(counter.rawValue): \(count)")
        }
        let rate = rate(report.count, since: began)
        guard let failed = report.failed else {
            return print("\(seeds) seeds from \(first), \(rate), no violation")
        }
        print("\(report.count) seeds from \(first), \(rate); the first that breaks a promise is \(failed.seed)")
        for entry in failed.log.entries.suffix(Self.lastEvents) { print(entry) }
        try finish(failed)
    }

    /// Seeds as they come, until there are none, or one has broken a promise.
    private func work(_ run: SeedRun, since began: ContinuousClock.Instant) throws {
        while let seed = run.next() {
            let simulation = try Simulation(seed: seed, options: options, isRehearsed: !plain)
            let count = run.add(simulation, withDigest: digests)
            if count % 1_000 == 0 {
                print("\(count) seeds, \(rate(count, since: began))")
                fflush(nil)  // Seen while it runs, also in a file.
            }
        }
    }

    private func rate(_ count: UInt64, since began: ContinuousClock.Instant) -> String {
        let rate = Double(count) / ((ContinuousClock.now - began) / .seconds(1))
        return "\((rate * 10).rounded() / 10) a second"
    }

    private func finish(_ simulation: Simulation) throws {
        guard !simulation.violations.isEmpty else { return }
        for violation in simulation.violations { print("seed \(simulation.seed): \(violation)") }
        var command = "scripts/simulate --replay \(simulation.seed)"
        if options.premise != .kept { command += " --premise \(premise)" }
        if let mutation { command += " --mutation \(mutation)" }
        print(command)
        throw ExitCode.failure
    }
}
