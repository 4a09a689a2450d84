/// The one source of chance: xoshiro256**, seeded by SplitMix64 (Blackman and Vigna, prng.di.unimi.it). Equal seeds draw
/// equal numbers in every process and on every machine.
package struct Dice: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator that only `seed` determines.
    package init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var word = mixer
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        state = (next(), next(), next(), next())
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { (word << count) | (word >> (64 - count)) }
        let result = rotate(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, 45)
        return result
    }

    /// A number from 0 to `bound` − 1, as good as uniform for the small bounds of a simulation.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing to choose from")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of `range`.
    package mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True `permille` times in a thousand.
    package mutating func chance(_ permille: Int) -> Bool { permille > 0 && below(1_000) < permille }

    /// One of `choices`, which is not empty.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    /// `elements` in some order.
    package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for index in elements.indices.dropFirst().reversed() { elements.swapAt(index, below(index + 1)) }
        return elements
    }
}
