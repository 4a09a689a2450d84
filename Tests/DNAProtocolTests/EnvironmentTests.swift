import Canonical
import DNAProtocol
import TestKit
import Testing

@Suite struct EnvironmentTests {
    private let machine = Manifest.Environment.Machine(
        memory: 1_000, instructionSets: [.portable, .avx2], engine: EngineVersion((1, 4, 0)))

    private func refusal(_ change: (inout Manifest.Environment) -> Void) -> String? {
        var environment = Manifest.Environment(
            memory: 1_000, instructionSet: .avx2, engine: .init(minimum: EngineVersion((1, 4, 0))))
        change(&environment)
        do throws(InvalidField) {
            try environment.check(machine)
            return nil
        } catch { return error.field }
    }

    @Test func namesWhatAMachineLacks() {
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.memory = 1_001 } == "environment.memory")
        #expect(refusal { $0.instructionSet = .neon } == "environment.instruction_set")
        #expect(refusal { $0.engine.minimum = EngineVersion((1, 4, 1)) } == "environment.engine.minimum")
        #expect(refusal { $0.engine.below = EngineVersion((1, 4, 0)) } == "environment.engine.below")
        #expect(refusal { $0.engine.below = EngineVersion((1, 10, 0)) } == nil)
    }

    @Test func versionsHaveOneText() {
        #expect(EngineVersion("1.10.0").map { $0 > EngineVersion((1, 9, 9)) } == true)
        #expect(EngineVersion("0.0.0")?.description == "0.0.0")
        for text in [
            "", "1", "1.2", "1.2.3.4", "01.2.3", "+1.2.3", "-1.2.3", "1.2.x", "1..3", "1.2.1000000", " 1.2.3", "1.2.3 ",
        ] {
            #expect(EngineVersion(text) == nil, "\(text)")
        }
    }

    @Test func aRequestOverTheModelsLimitsIsNamed() throws {
        let fixture = try Fixture()
        var manifest = fixture.manifest
        manifest.limits = .init(maximumTokens: 16, maximumTemperature: 1)
        var request = try fixture.request()
        try manifest.check(request)
        request.maximumTokens = 17
        #expect(throws: InvalidField("max_tokens", "must be at most 16 for this model")) {
            try manifest.check(request)
        }
        request.maximumTokens = 16
        request.sampling.temperature = 1.1
        #expect(throws: InvalidField("temperature", "must be at most 1.0 for this model")) {
            try manifest.check(request)
        }
    }
}
