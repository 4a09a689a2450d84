import HTTPTypes
import Synchronization

extension HTTPField.Name {
    // A constant token: the initialiser returns nil only for characters that are not in it.
    static let requestID = HTTPField.Name("x-request-id")!
}

/// Names one request in logs and responses.
enum RequestID {
    /// A new process starts anywhere, so that ids of two processes or of two runs hardly ever meet.
    private static let next = Atomic(UInt64.random(in: 1 << 50..<1 << 60))
    /// Longest id taken from a client.
    private static let maximumLength = 64

    /// The client's own id when it is short and plain, otherwise a new one.
    static func accept(_ proposed: String?) -> String {
        if let proposed, isAcceptable(proposed) { return proposed }
        // Random for the process, counted within it: the system's generator costs a system call for every number.
        // Fewer than 16 characters fit into a String without an allocation.
        let number = next.wrappingAdd(1, ordering: .relaxed).newValue
        return text(number)
    }

    /// Digits and letters, lowest digit first: only their being different matters.
    private static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 13) { buffer in
            var rest = number
            var count = 0
            while rest > 0 {
                let digit = UInt8(rest % 36)
                buffer[count] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                rest /= 36
                count += 1
            }
            return count
        }
    }

    private static func isAcceptable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumLength
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: byte == UInt8(ascii: ".")
                }
            }
    }
}
