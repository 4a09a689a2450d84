import Canonical
import Testing

/// Writes in every way that `Encoder` offers.
private struct Manifold: Encodable {
    enum Key: CodingKey { case list, twice, nested }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        let member = object.superEncoder(forKey: .list)
        var list = member.unkeyedContainer()
        try list.encode(["a": 1])
        _ = list.nestedContainer(keyedBy: Key.self)
        try list.encodeNil()
        try object.encode(1, forKey: .twice)
        try object.encode(true, forKey: .twice)
        var nested = object.nestedUnkeyedContainer(forKey: .nested)
        try nested.encode("x")
    }
}

private enum Either: Encodable {
    case value, nothing

    func encode(to encoder: any Encoder) throws {
        guard self == .value else { return }
        var container = encoder.singleValueContainer()
        try container.encode(1)
    }
}

@Suite struct EncodingTests {
    @Test func writesWhatTheValueWrote() throws {
        let expected = #"{"list":[{"a":1},{},null],"nested":["x"],"twice":true}"#
        #expect(String(decoding: try CanonicalJSON.encode(Manifold()), as: UTF8.self) == expected)
        #expect(try CanonicalJSON.value(of: Manifold()) == CanonicalJSON.parse(Array(expected.utf8)))
    }

    @Test func namesTheValueThatWroteNothing() {
        let expected = JSONEncodingFailure.unencodable(path: "x[1]", reason: "wrote nothing")
        let value = ["x": [Either.value, .nothing]]
        #expect(throws: expected) { try CanonicalJSON.encode(value) }
        #expect(throws: expected) { try CanonicalJSON.value(of: value) }
    }

    @Test func ordersNamesByTheirCodeUnits() throws {
        let names = [
            "", "a", "aa", "b", "\u{7F}", "\u{80}", "\u{E9}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFD}",
            "\u{10000}", "\u{10FFFF}", "a\u{E000}", "a\u{1F600}", "a\u{1F601}", "\u{1F600}\u{E000}",
        ]
        let expected = names.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }.map { "\"\($0)\":1" }
        let members = Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })
        let text = "{" + expected.joined(separator: ",") + "}"
        #expect(try CanonicalJSON.encode(members) == Array(text.utf8))
        #expect(try CanonicalJSON.encode(CanonicalJSON.value(of: members)) == Array(text.utf8))
    }
}
