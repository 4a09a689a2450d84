import Canonical
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648, section 10, without padding; the last one holds the two characters that are this alphabet's own.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"), ("~~?>", "fn4_Pg"), (">>>", "Pj4-"),
    ])
    func writesAndReadsTheRFCsVectors(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(Array(text.utf8)) == Array(plain.utf8))
    }

    @Test func everyLengthComesBack() {
        for count in 0...100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count &* 13) }
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.count == (count * 4 + 2) / 3)
            #expect(Base64URL.decode(Array(text.utf8)) == bytes)
        }
    }

    @Test func aCharacterOutsideTheAlphabetIsRefusedAnywhere() {
        for length in [2, 3, 4, 6, 7, 8, 43] {
            for place in 0..<length {
                for wrong in ["+", "/", "=", " ", "\u{0}", "\u{7F}"].map({ $0.utf8.first! }) + [0x80, 0xFF] {
                    var text = [UInt8](repeating: UInt8(ascii: "A"), count: length)
                    text[place] = wrong
                    #expect(Base64URL.decode(text) == nil)
                }
            }
        }
    }

    /// A meaning has one text.
    @Test(arguments: ["A", "AAAAA", "Zh", "Zm9", "Zm9vYh", "Zm9vYmF"])
    func bitsThatMeanNothingAreRefused(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }
}
