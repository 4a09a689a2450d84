import ArgumentParser
import Simulation

/// Options → seeds → what came of them.
@main
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Runs whole networks with faults and liars in one thread each, drawn from seeds, and checks every promise.")

    @Option(help: "How many seeds.")
    var seeds = 1_000

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "Run one seed and print everything that happens.")
    var replay: UInt64?

    @Option(help: "Break a part on purpose: \(Mutation.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutation: String?

    func validate() throws {
        if let mutation, Mutation(rawValue: mutation) == nil { throw ValidationError("unknown mutation \(mutation)") }
    }

    func run() throws {
        let options = Options(mutation: mutation.flatMap { Mutation(rawValue: $0) })
        if let replay {
            let simulation = try Simulation(seed: replay, options: options)
            for entry in simulation.log.entries { print(entry) }
            print("digest \(simulation.log.digest.hex)")
            return try finish(simulation)
        }
        var counters: [Counter: Int] = [:]
        let began = ContinuousClock.now
        for seed in first..<first + UInt64(seeds) {
            let simulation = try Simulation(seed: seed, options: options)
            counters.merge(simulation.counters, uniquingKeysWith: +)
            guard simulation.violations.isEmpty else {
                for entry in simulation.log.entries.suffix(40) { print(entry) }
                return try finish(simulation)
            }
            let done = seed - first + 1
            if done % 1_000 == 0 { print("\(done) seeds, \(rate(done, since: began))") }
        }
        for (counter, count) in counters.sorted(by: { $0.key < $1.key }) { print("\(counter.rawValue): \(count)") }
        print("\(seeds) seeds from \(first), \(rate(UInt64(seeds), since: began)), no violation")
    }

    private func rate(_ count: UInt64, since began: ContinuousClock.Instant) -> String {
        let rate = Double(count) / ((ContinuousClock.now - began) / .seconds(1))
        return "\(Int(rate * 10) / 10) a second"
    }

    private func finish(_ simulation: Simulation) throws {
        for violation in simulation.violations { print("seed \(simulation.seed): \(violation)") }
        if !simulation.violations.isEmpty { throw ExitCode.failure }
    }
}
