import CNGHTTP2

/// Header fields laid out for nghttp2: all names and values in one allocation that is reused from head to head.
public struct HTTP2HeaderBlock {
    private struct Slot {
        var name: Int
        var value: Int
        var end: Int
        var flags: UInt8
    }

    private var bytes: [UInt8] = []
    private var slots: [Slot] = []
    private var entries: [nghttp2_nv] = []

    /// An empty block.
    public init() {}

    /// A block with these fields, pseudo-headers first.
    public init(_ fields: [(String, String)]) {
        for (name, value) in fields { append(name, value) }
    }

    /// Whether there is no field.
    public var isEmpty: Bool { slots.isEmpty }

    /// Empties the block and keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
    }

    /// Adds a field; the name in lower case. Fields that HTTP/2 forbids (RFC 9113, section 8.2.2) are left out,
    /// because nghttp2 does not strip them and the peer would have to treat the message as malformed.
    public mutating func append(_ name: String, _ value: String) {
        if Self.isConnectionSpecific(name) { return }
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        bytes.append(contentsOf: value.utf8)
        slots.append(Slot(name: start, value: middle, end: bytes.count, flags: Self.flags(name)))
    }

    /// A value that never comes twice would only push others out of HPACK's table.
    private static func flags(_ name: String) -> UInt8 {
        UInt8((name == "x-request-id" ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE).rawValue)
    }

    private static func isConnectionSpecific(_ name: String) -> Bool {
        // By length first: six comparisons for every field would cost more than adding it.
        switch name.utf8.count {
        case 4: name == "host"
        case 7: name == "upgrade"
        case 10: name == "connection" || name == "keep-alive"
        case 16: name == "proxy-connection"
        case 17: name == "transfer-encoding"
        default: false
        }
    }

    /// Lends the fields for one submit call: nghttp2 copies them before it returns.
    mutating func withEntries<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
        entries.removeAll(keepingCapacity: true)
        return bytes.withUnsafeMutableBufferPointer { buffer in
            // A block of empty strings has no base address, and no field to point at one.
            if let base = buffer.baseAddress {
                for slot in slots {
                    entries.append(
                        nghttp2_nv(
                            name: base + slot.name, value: base + slot.value,
                            namelen: slot.value - slot.name, valuelen: slot.end - slot.value, flags: slot.flags))
                }
            }
            return entries.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }
}
