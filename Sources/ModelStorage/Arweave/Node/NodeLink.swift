/// The way to one node: requests go in, responses come out, whatever carries them.
public protocol NodeLink: Sendable {
    /// What people know the node by, such as `https://arweave.net`.
    var name: String { get }

    /// Sends a request and collects its response, whatever the status.
    ///
    /// Throws ``NodeLinkError`` and `CancellationError`.
    func send(_ request: NodeRequest) async throws -> NodeResponse
}

/// A request to a node.
public struct NodeRequest: Hashable, Sendable {
    /// GET, or POST with this body, which is JSON.
    public enum Method: Hashable, Sendable {
        /// GET.
        case get
        /// POST.
        case post([UInt8])
    }

    /// What is done.
    public let method: Method
    /// With its leading slash.
    public let path: String
    /// The bytes that are wanted of what lies there; nil for all.
    public let range: Range<Int>?
    /// From now to the response's last byte.
    public let deadline: Duration
    /// The most bytes of body that are taken.
    public let responseLimit: Int

    /// A request.
    public init(
        method: Method, path: String, range: Range<Int>? = nil, deadline: Duration, responseLimit: Int
    ) {
        self.method = method
        self.path = path
        self.range = range
        self.deadline = deadline
        self.responseLimit = responseLimit
    }

    /// `GET /price/1024`, for errors.
    public var summary: String {
        switch method {
        case .get: "GET \(path)"
        case .post: "POST \(path)"
        }
    }
}

/// A node's response.
public struct NodeResponse: Hashable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// The whole body.
    public let body: [UInt8]
    /// How long the node asks to be left alone.
    public let retryAfter: Duration?

    /// A response.
    public init(status: Int, body: [UInt8], retryAfter: Duration? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }
}

/// Why there is no response.
public enum NodeLinkError: Error, Hashable, Sendable {
    /// No connection, or one that broke: why.
    case unreachable(String)
    /// Nothing in time.
    case timedOut
    /// The body is larger than the request allows.
    case tooLarge(limit: Int)
}
