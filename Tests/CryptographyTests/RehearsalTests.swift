import Cryptography
import Testing

@Suite struct RehearsalTests {
    private let key = Ed25519.SigningKey()
    private let message: [UInt8] = [1, 2, 3]

    @Test func remembersASignatureThatVerifies() {
        let signature = key.sign(message)
        let rehearsal = Rehearsal()
        rehearsal.run {
            for _ in 0..<3 { #expect(key.publicKey.verifies(signature, of: message)) }
        }
        #expect(rehearsal.counts == .init(computed: 1, remembered: 2))
    }

    @Test func looksEveryTimeAtASignatureThatDoesNotVerify() {
        let signature = key.sign(message)
        let rehearsal = Rehearsal()
        rehearsal.run {
            #expect(key.publicKey.verifies(signature, of: message))
            for _ in 0..<2 {
                #expect(!key.publicKey.verifies(signature, of: message + [4]))
                #expect(!Ed25519.SigningKey().publicKey.verifies(signature, of: message))
                #expect(!key.publicKey.verifies(key.sign([]), of: message))
            }
        }
        #expect(rehearsal.counts == .init(computed: 7, remembered: 0))
    }

    @Test func nothingIsRememberedOutsideARehearsal() {
        let signature = key.sign(message)
        let rehearsal = Rehearsal()
        rehearsal.run { _ = key.publicKey.verifies(signature, of: message) }
        #expect(key.publicKey.verifies(signature, of: message))
        #expect(rehearsal.counts == .init(computed: 1, remembered: 0))
        #expect(Rehearsal.current == nil)
    }

    @Test func aPointIsValidOrNotAsEver() throws {
        let point = key.publicKey.bytes
        let wrong = [UInt8](repeating: 0, count: 32)
        Rehearsal().run {
            for _ in 0..<2 {
                #expect(GroupElement(bytes: point)?.bytes == point)
                #expect(GroupElement(bytes: wrong) == nil)
            }
        }
    }

    @Test func aProductIsTheSameAsEver() throws {
        let point = GroupElement(key.publicKey)
        let expected = try Scalar(3) * point
        try Rehearsal().run {
            for _ in 0..<2 {
                let (three, four) = (try Scalar(3) * point, try Scalar(4) * point)
                #expect(three == expected)
                #expect(four != expected)
                #expect(throws: CryptographyError.identityElement) { try Scalar.zero * point }
            }
        }
    }

    @Test func secretsOfARehearsalOutliveIt() {
        let secret = Rehearsal().run { SystemRandom.secret(count: 32) }
        let copy = secret.slice(0..<32)
        #expect(secret == copy)
    }
}
