/// What went wrong in a service, as its callers and its operators need to know it.
public struct ServiceError: Error, CustomStringConvertible {
    /// The kind of failure; each has one HTTP status.
    public enum Code: String, Sendable, CaseIterable {
        /// The request is wrong in itself: 400.
        case invalidArgument = "invalid-argument"
        /// The caller did not say who it is: 401.
        case unauthenticated
        /// The caller may not do this: 403.
        case permissionDenied = "permission-denied"
        /// The thing named does not exist: 404.
        case notFound = "not-found"
        /// The present state does not allow it: 409.
        case conflict
        /// The request is larger than allowed: 413.
        case tooLarge = "too-large"
        /// The caller has used up its share: 429.
        case limitExceeded = "limit-exceeded"
        /// A defect of this service: 500. The caller learns nothing more.
        case internalFailure = "internal"
        /// A service behind this one answered nonsense: 502.
        case badUpstream = "bad-upstream"
        /// Not now: 503.
        case unavailable
        /// Not in time: 504.
        case deadlineExceeded = "deadline-exceeded"
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, for the caller: no secrets, prompts or queries.
    public let message: String
    /// The field of the request that is to blame, as a path (`messages[0].role`).
    public let field: String?
    /// The error underneath, for logs only.
    public let cause: (any Error)?
    /// Whether the same request may succeed later.
    public let isRetryable: Bool

    /// An error; retryable by default exactly when the service was unavailable or too slow.
    public init(
        _ code: Code, _ message: String, field: String? = nil, cause: (any Error)? = nil, isRetryable: Bool? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.cause = cause
        self.isRetryable = isRetryable ?? (code == .unavailable || code == .deadlineExceeded || code == .limitExceeded)
    }

    /// Code and message; the cause is left out, because nobody has checked it for secrets.
    public var description: String { "\(code.rawValue): \(message)" }
}
