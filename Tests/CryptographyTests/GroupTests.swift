import Cryptography
import Testing

private let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
private let identity = "0100000000000000000000000000000000000000000000000000000000000000"
private let base = "5866666666666666666666666666666666666666666666666666666666666666"

@Suite struct GroupTests {
    @Test(arguments: [
        identity, "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // (0, −1), order two
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order eight
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // y = 1, not reduced
        "9599999999999999999999999999999999999999999999999999999999999999",  // B + (0, −1): mixed order
        "123456f9e9d319cad973b84cc4c835c8ee73281f5e2638d2d2b352c09edccbfb",  // not on the curve
        String(repeating: "ff", count: 32), "58", base + "00",
    ])
    func refusesWhatIsNotACanonicalPointOfPrimeOrder(encoding: String) {
        #expect(GroupElement(hex: encoding) == nil)
        #expect(Ed25519.PublicKey(hex: encoding) == nil)
    }

    @Test func refusesScalarsThatAreNotReduced() throws {
        #expect(Scalar(hex: order) == nil)
        #expect(Scalar(hex: String(repeating: "ff", count: 32)) == nil)
        #expect(throws: CryptographyError.invalidScalar) { try SecretScalar(secret(order)) }
        let largest = "ec" + order.dropFirst(2)
        #expect(Scalar(hex: largest) == -Scalar.one)
        #expect(try SecretScalar(secret(largest)).disclosed() == -Scalar.one)
    }

    @Test func scalarsAreAField() throws {
        let a = Scalar(reducing: SHA512.hash([1]))
        let b = Scalar(reducing: SHA512.hash([2]))
        #expect(a + b - b == a)
        #expect(a * b == b * a)
        #expect(try a * a.inverted() == .one)
        #expect(a + (-a) == .zero)
        #expect(Scalar(300).hex.hasPrefix("2c0100"))
        #expect(throws: CryptographyError.zeroScalar) { try Scalar.zero.inverted() }
    }

    @Test func secretScalarsComputeAsPublicOnes() throws {
        let a = Scalar(reducing: SHA512.hash([1]))
        let b = Scalar(reducing: SHA512.hash([2]))
        let secretA = try SecretScalar(secret(a.hex))
        let secretB = try SecretScalar(secret(b.hex))
        #expect((secretA + secretB).disclosed() == a + b)
        #expect((secretA * secretB).disclosed() == a * b)
        #expect((secretA * b).disclosed() == a * b)
        #expect(try GroupElement.baseMultiple(of: secretA) == GroupElement.baseMultiple(of: a))
        #expect(!"\(secretA)".contains(a.hex))
    }

    @Test func multiplesAddUp() throws {
        let a = Scalar(reducing: SHA512.hash([1]))
        let b = Scalar(reducing: SHA512.hash([2]))
        let aB = try GroupElement.baseMultiple(of: a)
        let bB = try GroupElement.baseMultiple(of: b)
        #expect(try aB + bB == .baseMultiple(of: a + b))
        #expect(try aB - bB == .baseMultiple(of: a - b))
        #expect(try b * aB == .baseMultiple(of: a * b))
        #expect(try GroupElement.baseMultiple(of: Scalar.one).hex == base)
        #expect(try Scalar.one * aB == aB)
    }

    @Test func theIdentityIsNeverAResult() throws {
        let point = try GroupElement.baseMultiple(of: Scalar(5))
        let opposite = try GroupElement.baseMultiple(of: -Scalar(5))
        #expect(throws: CryptographyError.identityElement) { try point - point }
        #expect(throws: CryptographyError.identityElement) { try point + opposite }
        #expect(throws: CryptographyError.identityElement) { try Scalar.zero * point }
        #expect(throws: CryptographyError.identityElement) { try GroupElement.baseMultiple(of: Scalar.zero) }
    }

    @Test func theProbeFindsABrokenLibrary() throws {
        try LibraryCheck.run()
        #expect(Sodium.probe { GroupElement(bytes: [UInt8](UnsafeBufferPointer(start: $0, count: 32))) != nil } == nil)
        #expect(Sodium.probe { _ in true } != nil)
        #expect(Sodium.probe { _ in false } != nil)
    }
}
