import Glibc
import HTTPTypes
import Synchronization

/// The `date` field (RFC 9110, section 6.6.1), formatted once a second.
final class DateHeader: Sendable {
    private struct Formatted {
        var second = 0
        var field = HTTPField(name: .date, value: "")
    }

    private let formatted = Mutex(Formatted())

    var field: HTTPField {
        let now = time(nil)
        return formatted.withLock { formatted in
            if formatted.second != now {
                formatted = Formatted(second: now, field: HTTPField(name: .date, value: Self.format(now)))
            }
            return formatted.field
        }
    }

    static func format(_ second: Int) -> String {
        var second = second
        var fields = tm()
        gmtime_r(&second, &fields)
        // "Sun, 06 Nov 1994 08:49:37 GMT" is 29 bytes; the C locale, which nobody changes here, has English names.
        return String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, $0.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
            }
        }
    }
}
