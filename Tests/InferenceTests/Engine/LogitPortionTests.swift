import Inference
import Testing

struct LogitPortionTests {
    @Test(arguments: [
        (49_152, 128, 32), (151_936, 128, 24), (262_144, 128, 16), (262_208, 128, 16), (1 << 20, 128, 8),
        (49_152, 5, 5),
    ])
    func portionsAreWholeTilesOfSomeSixteenMegabytes(_ vocabulary: Int, _ rows: Int, _ expected: Int) {
        #expect(LogitPortion.outputs(vocabulary: vocabulary, rows: rows) == expected)
    }
}
