/// A body on its way out, and whether nghttp2 waits for `resumeBody`.
struct OutboundBody {
    let source: any HTTP2BodySource
    var isDeferred = false
}
