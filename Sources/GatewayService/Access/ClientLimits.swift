/// What one client may do: the holder of an API key, or, without keys, everybody at one address.
public struct ClientLimits: Hashable, Sendable {
    /// Requests in a minute, on average and at once.
    public var requestsPerMinute: Int
    /// Questions that may wait for their answers at once.
    public var openRequests: Int
    /// The most tokens one answer may be asked to have; nil for the model's own bound.
    public var maximumTokens: Int?
    /// The largest committee one request may demand; nil for the network's own bound.
    public var maximumCommittee: Int?

    /// Generous numbers: enough for a script on the same machine.
    public init(
        requestsPerMinute: Int = 12_000, openRequests: Int = 512, maximumTokens: Int? = nil,
        maximumCommittee: Int? = nil
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.openRequests = openRequests
        self.maximumTokens = maximumTokens
        self.maximumCommittee = maximumCommittee
    }
}
