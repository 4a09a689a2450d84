import Inference
import Testing

struct StageTests {
    @Test(arguments: [1, 2, 3, 5, 8, 40])
    func everyLayerIsInOneStage(_ count: Int) {
        let stages = Stage.split(Array(repeating: 10, count: 30), last: 80, count: count)
        #expect(stages.count == count)
        #expect(stages.flatMap { Array($0.layers) } == Array(0..<30))
        #expect(stages.map(\.isFirst) == (0..<count).map { $0 == 0 })
        #expect(stages.map(\.isLast) == (0..<count).map { $0 == count - 1 })
    }

    @Test func theOutputsCountAsWork() {
        // 30 layers of 10 and outputs of 100: half of all is 200.
        #expect(Stage.split(Array(repeating: 10, count: 30), last: 100, count: 2).map(\.layers) == [0..<20, 20..<30])
        #expect(Stage.split([1, 1, 1, 9], last: 0, count: 2).map(\.layers) == [0..<3, 3..<4])
    }
}
