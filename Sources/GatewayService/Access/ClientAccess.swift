import Canonical
import Cryptography
import Synchronization

/// Who may ask, and how much: counted for each API key, or for each remote address where there are no keys.
package final class ClientAccess: Sendable {
    /// A client as the gateway counts it.
    package enum Client: Hashable, Sendable {
        /// The holder of the key of this name.
        case key(String)
        /// Everybody at this address or network.
        case address(String)
    }

    /// Why a client is turned away.
    package enum Refusal: Error, Hashable, Sendable {
        /// No key, or none that is known.
        case unknownKey
        /// More requests than its share; seconds until the next one may come.
        case tooManyRequests(retryAfter: Int)
        /// More open questions than its share.
        case tooManyOpen
        /// More clients than this gateway counts.
        case tooManyClients
    }

    /// Clients counted at once; those who have not asked for a minute are forgotten first.
    fileprivate static let clientLimit = 65_536

    fileprivate struct Usage {
        var tokens: Double
        var at: ContinuousClock.Instant
        var open = 0
    }

    fileprivate struct State {
        var keys: [Digest: APIKeyFile.Entry]?
        var usage: [Client: Usage] = [:]
    }

    private let anonymous: ClientLimits
    private let state: Mutex<State>

    /// Without keys everybody may ask, within these limits for each address.
    package init(anonymous: ClientLimits = ClientLimits(), keys: APIKeyFile? = nil) {
        self.anonymous = anonymous
        state = Mutex(State(keys: keys.map(Self.table)))
    }

    /// Other keys from now on. What a key of the same name has used stays used.
    package func replace(_ keys: APIKeyFile) {
        let table = Self.table(keys)
        state.withLock { $0.keys = table }
    }

    private static func table(_ file: APIKeyFile) -> [Digest: APIKeyFile.Entry] {
        Dictionary(file.keys.map { ($0.sha256, $0) }) { first, _ in first }
    }

    /// Who this is. A key is looked up by its digest, so the time taken says nothing about the keys there are.
    package func identify(authorization: String?, address: String) throws(Refusal) -> (Client, ClientLimits) {
        guard let keys = state.withLock({ $0.keys }) else { return (.address(address), anonymous) }
        guard let text = authorization, text.utf8.count <= 512, text.prefix(7).lowercased() == "bearer " else {
            throw .unknownKey
        }
        let digest = Digest(bytes: SHA256.hash(Array(text.dropFirst(7).utf8)))
        guard let digest, let entry = keys[digest] else { throw .unknownKey }
        return (.key(entry.name), entry.limits)
    }

    /// Counts one request.
    package func count(_ client: Client, _ limits: ClientLimits, at now: ContinuousClock.Instant) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            guard var usage = state.usage(of: client, limits, at: now) else { return .tooManyClients }
            let perSecond = Double(limits.requestsPerMinute) / 60
            let elapsed = max((now - usage.at) / .seconds(1), 0)
            usage.tokens = min(Double(limits.requestsPerMinute), usage.tokens + elapsed * perSecond)
            usage.at = now
            defer { state.usage[client] = usage }
            if usage.tokens < 1 {
                return .tooManyRequests(retryAfter: max(Int(((1 - usage.tokens) / perSecond).rounded(.up)), 1))
            }
            usage.tokens -= 1
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Opens a question; `close` ends it.
    package func open(_ client: Client, _ limits: ClientLimits, at now: ContinuousClock.Instant) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            guard var usage = state.usage(of: client, limits, at: now) else { return .tooManyClients }
            guard usage.open < limits.openRequests else { return .tooManyOpen }
            usage.open += 1
            state.usage[client] = usage
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Ends a question.
    package func close(_ client: Client) {
        state.withLock { $0.usage[client]?.open -= 1 }
    }
}

extension ClientAccess.State {
    /// A client's usage so far; nil when it would be one client too many.
    fileprivate mutating func usage(
        of client: ClientAccess.Client, _ limits: ClientLimits, at now: ContinuousClock.Instant
    ) -> ClientAccess.Usage? {
        if let known = usage[client] { return known }
        if usage.count >= ClientAccess.clientLimit {
            usage = usage.filter { $0.value.open > 0 || now - $0.value.at < .seconds(60) }
            guard usage.count < ClientAccess.clientLimit else { return nil }
        }
        return ClientAccess.Usage(tokens: Double(limits.requestsPerMinute), at: now)
    }
}
