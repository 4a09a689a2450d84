import Canonical
import Cryptography
import Testing

private struct Message: Codable, Equatable {
    var role: String
    var content: String
}

private struct Chat: Codable, Equatable {
    var messages: [Message]
    var seed: Int64?
    var weight: Double
}

private func utf8(_ text: String) -> [UInt8] { [UInt8](text.utf8) }
private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct CanonicalJSONTests {
    // RFC 8785, 3.2.2 and 3.2.4.
    @Test func reproducesTheExampleOfRFC8785() throws {
        let input = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let expected = #"""
            {"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}
            """#
        #expect(text(try CanonicalJSON.encode(CanonicalJSON.parse(utf8(input)))) == expected)
    }

    // RFC 8785, 3.2.3.
    @Test func sortsKeysByUTF16CodeUnits() throws {
        let input = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
             "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
             "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let order = [
            "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
            "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
        ]
        let output = text(try CanonicalJSON.encode(CanonicalJSON.parse(utf8(input))))
        let places = try order.map { try #require(output.firstRange(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    // RFC 8785, appendix B.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func writesNumbersAsECMAScriptDoes(bits: UInt64, expected: String) {
        #expect(ECMAScriptNumber.text(of: Double(bitPattern: bits)) == expected)
    }

    @Test func refusesNumbersThatOthersWouldRead() throws {
        #expect(throws: JSONEncodingFailure.notFinite) { try CanonicalJSON.encode(Double.nan) }
        #expect(throws: JSONEncodingFailure.notFinite) { try CanonicalJSON.encode([Double.infinity]) }
        #expect(throws: JSONEncodingFailure.unsafeInteger) { try CanonicalJSON.encode(UInt64.max) }
        #expect(throws: JSONEncodingFailure.unsafeInteger) { try CanonicalJSON.encode(1 << 53) }
        #expect(throws: JSONEncodingFailure.unsafeInteger) { try CanonicalJSON.encode(Double(1 << 60)) }
        #expect(text(try CanonicalJSON.encode((1 << 53) - 1)) == "9007199254740991")
        #expect(text(try CanonicalJSON.encode(1e21)) == "1e+21")
    }

    @Test func readsWhatItWrites() throws {
        let chat = Chat(
            messages: [Message(role: "user", content: "a\u{0}\u{1F}\"\\é😀")], seed: -9_007_199_254_740_991, weight: 0.1)
        let bytes = try CanonicalJSON.encode(chat)
        #expect(try CanonicalJSON.decode(Chat.self, from: bytes, unknownKeys: .refused) == chat)
        #expect(try CanonicalJSON.encode(CanonicalJSON.parse(bytes)) == bytes)
        #expect(text(try CanonicalJSON.encode([String: Int]())) == "{}")
        #expect(text(try CanonicalJSON.encode([Int?.none, 3])) == "[null,3]")
        let nested: JSONValue = .object(["a": .array([.null, .integer(1)])])
        #expect(try CanonicalJSON.decode(JSONValue.self, from: CanonicalJSON.encode(["x": nested]))["x"] == nested)
    }

    @Test(arguments: [
        (
            #"{"messages":[{"role":"a","content":"b"},{"role":"a","content":3}],"weight":1}"#,
            "messages[1].content: expected a string"
        ),
        (#"{"messages":[{"role":"a"}],"weight":1}"#, "messages[0].content: is required"),
        (#"{"messages":{},"weight":1}"#, "messages: expected an array"),
        (#"{"messages":[],"weight":"1"}"#, "weight: expected a number"),
        (#"{"messages":[],"weight":1,"seed":1.5}"#, "seed: expected an integer"),
        (#"{"messages":[],"weight":1,"more":1}"#, "more: is not a known field"),
        (#"{"messages":[{"role":"a","content":"b","x":0}],"weight":1}"#, "messages[0].x: is not a known field"),
        ("[]", "expected an object"),
        ("{", "the JSON text ends too early"),
    ])
    func namesTheFieldThatIsWrong(input: String, expected: String) {
        let failure = #expect(throws: JSONDecodingFailure.self) {
            try CanonicalJSON.decode(Chat.self, from: utf8(input), unknownKeys: .refused)
        }
        #expect(failure?.description == expected)
    }

    @Test func namesTheFieldWhoseHexadecimalIsWrong() {
        struct Holder: Codable { var root: [Digest] }
        let failure = #expect(throws: JSONDecodingFailure.self) {
            try CanonicalJSON.decode(Holder.self, from: utf8(#"{"root":["AB"]}"#))
        }
        #expect(failure == .invalid(path: "root[0]", reason: "not a valid digest"))
    }

    @Test func ignoresUnknownKeysUnlessTold() throws {
        let bytes = utf8(#"{"messages":[],"weight":1,"more":[{}]}"#)
        #expect(try CanonicalJSON.decode(Chat.self, from: bytes).weight == 1)
    }

    @Test(arguments: [
        "", " ", "nul", "truee", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
        "{\"a\":1 \"b\":2}", "1 2", "+1", "-", "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1e999", "-1e999", "NaN",
        "Infinity", "9223372036854775808", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"",
        "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\u{1}\"", "\"\n\"", "'a'", "\u{FEFF}1", "/**/1",
        "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[1]]",
    ])
    func refusesMalformedText(input: String) {
        #expect(throws: JSONSyntaxFailure.self) { try CanonicalJSON.parse(utf8(input)) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22], [0xEF, 0xBB, 0xBF, 0x31], [0x00],
        ] as [[UInt8]])
    func refusesInvalidUTF8(input: [UInt8]) {
        #expect(throws: JSONSyntaxFailure.self) { try CanonicalJSON.parse(input) }
    }

    @Test func boundsDepthAndSize() throws {
        let deep = utf8(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))
        _ = try CanonicalJSON.parse(deep)
        #expect(throws: JSONSyntaxFailure.tooDeep(limit: 64)) {
            try CanonicalJSON.parse(utf8("[") + deep + utf8("]"))
        }
        #expect(throws: JSONSyntaxFailure.tooDeep(limit: 64)) {
            try CanonicalJSON.parse(utf8(String(repeating: "{\"a\":", count: 100_000)))
        }
        #expect(throws: JSONSyntaxFailure.tooLarge(limit: 3)) {
            try CanonicalJSON.parse(utf8("1234"), limits: JSONLimits(bytes: 3))
        }
    }

    @Test func readsEscapesAndSurrogatePairs() throws {
        #expect(
            try CanonicalJSON.parse(utf8(#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#))
                == .string("\"\\/\u{8}\u{C}\n\r\té😀"))
        #expect(
            try CanonicalJSON.parse(utf8(" [ -0 , 1.0 , -9223372036854775808 ] "))
                == .array([.integer(0), .number(1), .integer(.min)]))
    }

    /// Swift would sort them in quadratic time wherever the text is hashed or compared.
    @Test func refusesALongRunOfCombiningMarks() throws {
        func marks(_ count: Int) -> String { String(repeating: "\u{301}\u{316}", count: count / 2) }
        let most = JSONLimits.marks
        for text in [marks(most), "a" + marks(most) + "b" + marks(most), String(repeating: "é漢", count: 4 * most)] {
            let parsed = try CanonicalJSON.parse(utf8("\"\(text)\""))
            #expect(parsed == .string(text))
        }
        for text in ["\"\(marks(most + 2))\"", "{\"a\(marks(most + 2))\":1}", "[\"\(marks(20 * most))\"]"] {
            #expect(throws: JSONSyntaxFailure.self) { try CanonicalJSON.parse(utf8(text)) }
        }
    }

    @Test func readsOneZeroOnly() throws {
        for text in ["-0", "-0.0", "-0e1", "-1e-999", "0"] {
            let zero = try CanonicalJSON.decode(Double.self, from: utf8(text))
            #expect(zero == 0 && zero.sign == .plus)
        }
    }
}
