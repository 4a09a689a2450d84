import Canonical
import Cryptography
import Inference
import Testing

struct TraceTests {
    private let challenge = TraceChallenge(bytes: Array(0..<32))!  // 32 bytes: never nil.

    private func build(_ challenge: TraceChallenge, _ steps: [(TokenID, [Float])]) -> TraceBuilder {
        var builder = TraceBuilder(challenge: challenge)
        for (token, state) in steps {
            state.withUnsafeBufferPointer { builder.append(token: token, hiddenState: $0) }
        }
        return builder
    }

    @Test func leafIsTheHashOfTheStatedBytes() {
        let builder = build(challenge, [(5, [1]), (0x0102_0304, [1, -2])])
        let bytes: [UInt8] =
            Array("dna/trace/1".utf8) + [0x0a] + Array(0..<32) + [1, 0, 0, 0] + [4, 3, 2, 1] + [0, 0, 0x80, 0x3f]
            + [0, 0, 0, 0xc0]
        #expect(builder.leaves[1] == SHA256.hash(bytes))
        #expect(builder.root == MerkleTree(leaves: builder.leaves).root)
    }

    /// From a separate program: Python's hashlib.
    @Test func rootAgreesWithASeparateProgram() {
        let steps: [(TokenID, [Float])] = [(5, [1, 0.5]), (6, [-0.0, 3]), (7, [2, -2])]
        #expect(build(challenge, steps).root.hex == "8f5c081b5cf724832e764c65ec56d82821421ca921824030a68869730ba44122")
    }

    @Test func emptyTraceHasTheHashOfNothing() {
        #expect(
            TraceBuilder(challenge: challenge).root.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func everyPartOfAStepChangesTheRoot() {
        let other = TraceChallenge(bytes: [UInt8](repeating: 9, count: 32))!  // 32 bytes: never nil.
        let roots = [
            build(challenge, [(5, [0, 1]), (6, [2, 3])]), build(other, [(5, [0, 1]), (6, [2, 3])]),
            build(challenge, [(6, [0, 1]), (6, [2, 3])]), build(challenge, [(5, [-0.0, 1]), (6, [2, 3])]),
            build(challenge, [(6, [2, 3]), (5, [0, 1])]), build(challenge, [(5, [0, 1])]),
        ].map(\.root)
        #expect(Set(roots).count == roots.count)
    }
}
