/// The header block being received. HEADERS and its CONTINUATIONs are contiguous on a connection, so one is enough.
struct IncomingHead {
    private(set) var head = HTTP2Head()
    private(set) var isTooLarge = false
    private var size = 0
    private var count = 0

    mutating func begin() {
        self = IncomingHead()
    }

    mutating func add(
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, limits: HTTP2Limits
    ) {
        size += name.count + value.count + 32
        count += 1
        if size > limits.headerListSize || count > limits.headerFields { isTooLarge = true }
        // nghttp2 goes on decoding to keep HPACK in step; nothing more is stored.
        if isTooLarge { return head.fields.removeAll() }
        let text = String(decoding: value, as: UTF8.self)
        if name.first == UInt8(ascii: ":") {
            head.setPseudoHeader(name, text)
        } else {
            head.fields.append(HTTP2Field(String(decoding: name, as: UTF8.self), text))
        }
    }
}
