/// What a body source delivered into the buffer lent to it.
public enum HTTP2BodyFill {
    /// So many bytes, more follow.
    case partial(Int)
    /// Nothing now. The session asks again after `resumeBody`.
    case pending
    /// So many last bytes, then the trailers if there are any.
    case last(Int, trailers: HTTP2HeaderBlock?)
}

/// A body the session pulls as the peer's flow-control window opens.
///
/// `fill` is called while the session makes bytes to send: it must not call the session.
public protocol HTTP2BodySource: AnyObject {
    /// Copies at most `buffer.count` bytes of body into `buffer`.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyFill
}
