import Inference
import Testing

struct ExpertRoutingTests {
    @Test func choosesTheLargestAndOfEqualsTheLowest() throws {
        let logits: [Float] = [0, 2, -0.0, 2, 5, -1, 2, 0]
        func chosen(_ count: Int) throws -> [Int] {
            try #require(ReferenceNumerics.route(logits: logits, experts: count)).map(\.expert)
        }
        #expect(try chosen(1) == [4])
        #expect(try chosen(2) == [1, 4])
        #expect(try chosen(3) == [1, 3, 4])
        #expect(try chosen(5) == [0, 1, 3, 4, 6])
        #expect(try chosen(6) == [0, 1, 2, 3, 4, 6])
        #expect(try chosen(8) == Array(0..<8))
    }

    @Test func choosesAsSortingWould() throws {
        var numbers = TestNumbers(state: 31)
        for count in 1...40 {
            let logits = (0..<40).map { _ in Float(Int.random(in: -9...9, using: &numbers)) / 2 }
            let ranked = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
            let expected = ranked.prefix(count).sorted()
            #expect(try #require(ReferenceNumerics.route(logits: logits, experts: count)).map(\.expert) == expected)
        }
    }

    /// The sum ascends over the experts, not over the ranks.
    @Test func weightsAreTheSoftmaxOfTheChosen() throws {
        let logits: [Float] = [1.25, -3, 0.7, 2.5, -0.1, 1.9]
        let routed = try #require(ReferenceNumerics.route(logits: logits, experts: 4))
        let exponentials = [0, 2, 3, 5].map { ReferenceNumerics.exp(logits[$0] - 2.5) }
        let sum = ((exponentials[0] + exponentials[1]) + exponentials[2]) + exponentials[3]
        #expect(routed.map(\.expert) == [0, 2, 3, 5])
        #expect(routed.map(\.weight) == exponentials.map { $0 / sum })
        #expect(try #require(ReferenceNumerics.route(logits: logits, experts: 1)).map(\.weight) == [1])
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan])
    func oneLogitThatIsNotFiniteFails(_ value: Float) {
        #expect(ReferenceNumerics.route(logits: [3, value, 2], experts: 1) == nil)
    }
}
