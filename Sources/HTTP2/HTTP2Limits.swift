/// What one connection grants its peer. Every number bounds memory or work that a peer could otherwise demand for free.
public struct HTTP2Limits: Sendable {
    /// Streams the peer may have open at once; one more is answered with REFUSED_STREAM.
    public var concurrentStreams: UInt32 = 128
    /// Bytes of body the peer may send on a stream before the application has read any.
    public var streamWindow: UInt32 = 256 * 1024
    /// Bytes of body the peer may have in flight on the whole connection.
    public var connectionWindow: Int32 = 16 * 1024 * 1024
    /// Largest frame payload accepted, bytes (RFC 9113, section 6.5.2: 16,384 at least).
    public var frameSize: UInt32 = 16_384
    /// HPACK dynamic table, bytes.
    public var headerTableSize: UInt32 = 4_096
    /// A head's or trailer's size as RFC 9113, section 6.5.2 counts it: name + value + 32 bytes a field.
    public var headerListSize = 16 * 1024
    /// Fields in a head or trailer.
    public var headerFields = 100
    /// RST_STREAM frames in a burst, then `resetsPerSecond`; both those the peer sends (CVE-2023-44487, rapid reset)
    /// and those it provokes (CVE-2025-8671).
    public var resetBurst = 200
    /// Sustained RST_STREAM frames per second.
    public var resetsPerSecond = 33
    /// CONTINUATION frames that may follow one HEADERS frame (CVE-2024-28182).
    public var continuations = 8
    /// PING and SETTINGS acknowledgements that may wait for a peer that does not read.
    public var pendingAcknowledgements = 500
    /// Entries in one SETTINGS frame.
    public var settingsEntries = 32
    /// Frames that cost the peer nothing (PING, SETTINGS, PRIORITY, empty DATA, invalid frames) in a burst. A head that is
    /// too large counts for ten.
    public var controlBurst = 500
    /// Sustained rate of such frames per second.
    public var controlsPerSecond = 50
    /// WINDOW_UPDATE frames in a burst, beyond the four that each DATA frame sent grants.
    public var windowUpdateBurst = 1_000
    /// Sustained rate of such WINDOW_UPDATE frames per second.
    public var windowUpdatesPerSecond = 100

    /// The numbers above.
    public init() {}
}
