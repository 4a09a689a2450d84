import ArgumentParser
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

    @Option(help: "How many networks at once.")
    var jobs: UInt64 = 1

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
    }

    private var options: Options {
        Options(
            premise: Options.Premise(rawValue: premise) ?? .kept,
            mutation: mutation.flatMap { Mutation(rawValue: $0) })
    }

    func run() async throws {
        if let replay {
            let simulation = try Simulation(seed: replay, options: options)
            for entry in simulation.log.entries { print(entry) }
            print("digest \(simulation.log.digest.hex)")
            return try finish(simulation)
        }
        let began = ContinuousClock.now
        let counters = try await withThrowingTaskGroup(of: [Counter: Int].self) { group in
            for job in 0..<jobs { group.addTask { try work(job, since: began) } }
            return try await group.reduce(into: [Counter: Int]()) { $0.merge($1, uniquingKeysWith: +) }
        }
        for (counter, count) in counters.sorted(by: { $0.key < $1.key }) { print("\(counter.rawValue): \(count)") }
        print("\(seeds) seeds from \(first), \(rate(seeds, since: began)), no violation")
    }

    /// Every `jobs`th seed.
    private func work(_ job: UInt64, since began: ContinuousClock.Instant) throws -> [Counter: Int] {
        var counters: [Counter: Int] = [:]
        for offset in stride(from: job, to: seeds, by: Int(jobs)) {
            try Task.checkCancellation()
            let simulation = try Simulation(seed: first + offset, options: options)
            counters.merge(simulation.counters, uniquingKeysWith: +)
            if !simulation.violations.isEmpty {
                for entry in simulation.log.entries.suffix(Self.lastEvents) { print(entry) }
                try finish(simulation)
            }
            if (offset + 1) % 1_000 == 0 { print("\(offset + 1) seeds, \(rate(offset + 1, since: began))") }
        }
        return counters
    }

    private func rate(_ count: UInt64, since began: ContinuousClock.Instant) -> String {
        let rate = Double(count) / ((ContinuousClock.now - began) / .seconds(1))
        return "\((rate * 10).rounded() / 10) a second"
    }

    private func finish(_ simulation: Simulation) throws {
        for violation in simulation.violations { print("seed \(simulation.seed): \(violation)") }
        if !simulation.violations.isEmpty { throw ExitCode.failure }
    }
}
