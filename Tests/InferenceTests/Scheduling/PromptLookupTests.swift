import Inference
import Testing

struct PromptLookupTests {
    @Test func guessesWhatFollowedTheLastTimeAndTheNearestOne() {
        var lookup = PromptLookup()
        #expect(lookup.guess([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3], limit: 3) == 3..<6)
        #expect(lookup.guess([1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3], limit: 1) == 7..<8)
        #expect(lookup.guess([7, 7, 7, 7], limit: 4) == 3..<4)
    }

    @Test func guessesNothingWithoutAnEarlierPlace() {
        var lookup = PromptLookup()
        #expect(lookup.guess([1, 2, 3, 4, 5], limit: 4).isEmpty)
        #expect(lookup.guess([1, 2], limit: 4).isEmpty)
        #expect(lookup.guess([], limit: 4).isEmpty)
        #expect(lookup.guess([1, 2, 3, 1, 2, 3], limit: 0).isEmpty)
    }

    @Test func wrongGuessesMakeItPause() {
        var lookup = PromptLookup()
        let text: [TokenID] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]
        #expect(lookup.guess(text, limit: 7).count == 4)
        lookup.learn(right: 0, of: 4)
        #expect(lookup.guess(text, limit: 7).isEmpty)
        #expect(lookup.guess(text, limit: 7).count == 2)
        lookup.learn(right: 2, of: 2)
        #expect(lookup.guess(text, limit: 7).count == 4)
    }
}
