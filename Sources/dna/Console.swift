import Foundation
import Glibc
import Synchronization

/// What a command says to people: results on standard output, everything else on standard error.
enum Console {
    /// Whether standard error is a terminal, where a line can be written over.
    static let isTerminal = isatty(STDERR_FILENO) == 1
    private static let hasProgress = Mutex(false)

    /// Prints a result.
    static func output(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// Prints a result's bytes and a newline.
    static func output(_ bytes: [UInt8]) { output(String(decoding: bytes, as: UTF8.self)) }

    /// A value of a result in JSON.
    enum Value: Encodable {
        case text(String)
        case number(Int)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    /// Prints a result as one line of JSON, its keys in their order.
    static func output(json fields: [String: Value]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        output(Array(try encoder.encode(fields)))
    }

    /// Prints a piece of a result, without a newline.
    static func text(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Prints a line for people.
    static func note(_ text: String) {
        endProgress()
        write(text + "\n", to: STDERR_FILENO)
    }

    /// Shows how far long work has come, on one line of a terminal; silent elsewhere.
    static func progress(_ text: String) {
        guard isTerminal else { return }
        hasProgress.withLock { $0 = true }
        write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    /// Clears the line of ``progress(_:)``.
    static func endProgress() {
        let clears = hasProgress.withLock { shown in
            defer { shown = false }
            return shown
        }
        if clears { write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }
}
