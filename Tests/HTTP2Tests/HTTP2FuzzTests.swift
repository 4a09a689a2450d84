import HTTP2
import Testing

/// Whatever a peer sends: no crash, and no more bytes out than its frames can ask for. A failure names its seed.
struct HTTP2FuzzTests {
    /// Splitmix64: one number replays a run.
    struct Noise: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let iterations = 400

    @Test(arguments: [UInt64(1), 2, 3, 4]) func survivesRandomBytes(seed: UInt64) {
        var noise = Noise(state: seed)
        for iteration in 0..<Self.iterations {
            let size = Int.random(in: 0...2_000, using: &noise)
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &noise) }
            let prefix = iteration % 2 == 0 ? Frame.preface : []
            feed(
                prefix + bytes, to: iteration % 4 < 2 ? .server : .client, "seed \(seed), iteration \(iteration)",
                &noise)
        }
    }

    @Test(arguments: [UInt64(11), 12, 13, 14]) func survivesMutatedFrames(seed: UInt64) {
        var noise = Noise(state: seed)
        for iteration in 0..<Self.iterations {
            var bytes = Frame.preface
            for _ in 0..<Int.random(in: 1...60, using: &noise) { bytes += Self.frame(&noise) }
            for _ in 0..<Int.random(in: 0...8, using: &noise) {
                bytes[Int.random(in: 24..<bytes.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
            }
            feed(bytes, to: .server, "seed \(seed), iteration \(iteration)", &noise)
        }
    }

    /// A frame that could be valid: the right size for its type, a plausible stream, any flags.
    private static func frame(_ noise: inout Noise) -> [UInt8] {
        let stream = UInt32.random(in: 0...9, using: &noise)
        let flags = Bool.random(using: &noise) ? UInt8(5) : UInt8.random(in: 0...255, using: &noise)
        switch UInt8.random(in: 0...10, using: &noise) {
        case 0: return Frame.make(type: 0, flags: flags & 1, stream: stream, [1, 2, 3])
        case 1: return Frame.make(type: 1, flags: 5, stream: stream | 1, Frame.getHead)
        case 2: return Frame.make(type: 2, stream: stream, [0, 0, 0, 0, 1])
        case 3: return Frame.make(type: 3, stream: stream, [0, 0, 0, 8])
        case 4: return Frame.make(type: 4, flags: flags & 1, stream: 0, flags & 1 == 1 ? [] : [0, 4, 0, 0, 1, 0])
        case 6: return Frame.make(type: 6, flags: flags & 1, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8])
        case 7: return Frame.make(type: 7, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
        case 8: return Frame.make(type: 8, stream: stream, [0, 0, 1, 0])
        case 9: return Frame.make(type: 9, flags: flags & 4, stream: stream | 1, [0x84])
        case let type: return Frame.make(type: type, flags: flags, stream: stream, [UInt8](repeating: type, count: 5))
        }
    }

    /// Feeds the bytes in pieces of any size; answers heads, so that both halves of streams are exercised.
    private func feed(_ bytes: [UInt8], to role: HTTP2Session.Role, _ place: String, _ noise: inout Noise) {
        let session = HTTP2Session(role: role)
        var sent = session.bytesToSend().count
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...300, using: &noise))
            session.receive(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            for case .headReceived(let stream, _, _) in session.takeEvents() where role == .server {
                var head = HTTP2HeaderBlock([(":status", "200")])
                // A stream that its peer has reset meanwhile takes no answer, and need not.
                try? session.submitResponse(on: stream, &head)
            }
            sent += session.bytesToSend().count
        }
        // No frame of a peer asks for more bytes than it has by itself, but for a response's or GOAWAY's few.
        #expect(sent <= 4 * bytes.count + 1_024, "\(place): \(sent) bytes for \(bytes.count)")
    }
}
