/// A request that a node did not answer as was hoped, and what helps.
public struct ArweaveFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What helps.
    public enum Remedy: Hashable, Sendable {
        /// To ask again in a while, this node or another.
        case patience
        /// To ask another node; this one will not answer otherwise.
        case otherNode
        /// Never to ask this node again: what it said is untrue.
        case ban
        /// Nothing: the request itself is wrong.
        case nothing
    }

    /// What was wrong.
    public enum Reason: Hashable, Sendable {
        /// There was no response: why.
        case unreachable(String)
        /// There was no response in time.
        case timedOut
        /// The node asks for patience: a full pool, too many requests, overload.
        case busy(status: Int, text: String)
        /// The node does not have it.
        case missing(status: Int)
        /// The node gives data only as a whole.
        case noRanges
        /// The transaction is known and in no block yet.
        case pending
        /// The node does not know the data root that a chunk belongs to.
        case unknownDataRoot
        /// The anchor is older than the network takes, or the node is behind.
        case expiredAnchor
        /// The node refuses, with these words.
        case refused(status: Int, text: String)
        /// The node failed, with these words.
        case broken(status: Int, text: String)
        /// The answer is not what the interface says, or does not prove what it should: why.
        case untrue(String)
    }

    /// The node's name.
    public let node: String
    /// What was asked.
    public let request: String
    /// What was wrong.
    public let reason: Reason
    /// How long the node asks to be left alone.
    public let retryAfter: Duration?

    init(node: String, request: String, reason: Reason, retryAfter: Duration? = nil) {
        self.node = node
        self.request = request
        self.reason = reason
        self.retryAfter = retryAfter
    }

    /// What helps.
    public var remedy: Remedy {
        switch reason {
        case .unreachable, .timedOut, .busy, .broken, .pending, .unknownDataRoot: .patience
        case .missing, .noRanges, .expiredAnchor: .otherNode
        case .untrue: .ban
        case .refused: .nothing
        }
    }

    /// A sentence for people: which node, which request, what it said.
    public var description: String {
        "\(node): \(request): \(words)"
    }

    private var words: String {
        switch reason {
        case .unreachable(let reason): "no answer (\(reason))"
        case .timedOut: "no answer in time"
        case .busy(let status, let text): "busy (\(status) \(text))"
        case .missing(let status): "not there (\(status))"
        case .noRanges: "the node gives data only as a whole"
        case .pending: "in no block yet"
        case .unknownDataRoot: "the node does not know the transaction of this data yet"
        case .expiredAnchor: "the transaction's anchor is too old"
        case .refused(let status, let text): "refused (\(status) \(text))"
        case .broken(let status, let text): "the node failed (\(status) \(text))"
        case .untrue(let reason): reason
        }
    }
}
