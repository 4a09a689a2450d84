import Simulation
import Testing

@Suite struct SimulationTests {
    @Test func keepsEveryPromise() throws {
        for seed in 1...UInt64(100) {
            let simulation = try Simulation(seed: seed)
            #expect(simulation.violations == [], "seed \(seed)")
        }
    }
}
