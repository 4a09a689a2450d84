import Canonical
import Testing

@Suite struct EncoderLifetimeTests {
    /// Remembers the encoders it was written with, without keeping them.
    private final class Witness: Encodable {
        private(set) weak var outer: AnyObject?
        private(set) weak var inner: AnyObject?

        private enum Key: CodingKey { case list }

        func encode(to encoder: any Encoder) throws {
            outer = encoder as AnyObject
            var object = encoder.container(keyedBy: Key.self)
            let member = object.superEncoder(forKey: .list)
            inner = member as AnyObject
            var list = member.unkeyedContainer()
            try list.encode(["a": 1])
        }
    }

    @Test func nothingOfAnEncodingStaysInMemory() throws {
        let witness = Witness()
        #expect(String(decoding: try CanonicalJSON.encode(witness), as: UTF8.self) == #"{"list":[{"a":1}]}"#)
        #expect(witness.outer == nil && witness.inner == nil)
    }
}
