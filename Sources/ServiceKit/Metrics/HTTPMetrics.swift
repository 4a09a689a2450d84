import CoreMetrics
import HTTPTransport
import HTTPTypes
import Hummingbird
import Synchronization

/// What every service measures of its HTTP server.
package final class HTTPMetrics: Sendable {
    static let requests = MetricDefinition.counter(
        "dna_http_requests_total",
        "Requests answered, by the route's template, method and class of status; cancelled ones got no answer",
        labels: ["route", "method", "status"])
    static let durations = MetricDefinition.histogram(
        "dna_http_request_duration_seconds", "From a request's head to its answer's end; long polls wait on purpose",
        bounds: MetricBounds.seconds, labels: ["route", "method"])
    static let inFlight = MetricDefinition.gauge("dna_http_requests_in_flight", "Requests being answered")
    static let refusals = MetricDefinition.counter(
        "dna_http_refused_requests_total",
        "Requests refused by a limit: size (413), rate (429), deadline (504), load (503)", labels: ["limit"])
    static let connections = MetricDefinition.gauge("dna_http_connections_open", "Connections open")
    static let accepted = MetricDefinition.counter("dna_http_connections_total", "Connections accepted")
    static let refusedConnections = MetricDefinition.counter(
        "dna_http_refused_connections_total",
        "Connections closed for lack of room: at once, or later to make room for another address")
    static let received = MetricDefinition.counter(
        "dna_http_received_bytes_total", "Bytes received over all connections, without TLS")
    static let sent = MetricDefinition.counter(
        "dna_http_sent_bytes_total", "Bytes sent over all connections, without TLS")

    package static let definitions = [
        requests, durations, inFlight, refusals, connections, accepted, refusedConnections, received, sent,
    ]

    /// What one series of requests needs, looked up once.
    private struct Key: Hashable {
        let route: String
        let method: HTTPRequest.Method
        let status: StatusClass
    }

    private struct Handles {
        let requests: Counter
        let duration: Recorder
    }

    private enum StatusClass: String {
        case informational = "1xx"
        case success = "2xx"
        case redirection = "3xx"
        case clientError = "4xx"
        case serverError = "5xx"
        case cancelled

        init(_ code: Int) {
            switch code {
            case ..<200: self = .informational
            case ..<300: self = .success
            case ..<400: self = .redirection
            case ..<500: self = .clientError
            default: self = .serverError
            }
        }
    }

    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]

    private let registry: MetricsRegistry
    /// Bounded by the routes, the methods above and the classes.
    private let handles = Mutex<[Key: Handles]>([:])
    private let inFlight: Meter
    private let observer: ConnectionMetrics

    init(_ registry: MetricsRegistry) {
        registry.declare(Self.definitions)
        self.registry = registry
        inFlight = registry.meter(Self.inFlight)
        observer = ConnectionMetrics(registry)
    }

    /// Hears of connections.
    var connectionObserver: any HTTPServerObserver { observer }

    /// Begins to measure a request.
    func measurement(of request: HTTPRequest) -> HTTPMeasurement {
        inFlight.increment(by: 1)
        return HTTPMeasurement(metrics: self, method: request.method)
    }

    fileprivate func ended(_ method: HTTPRequest.Method, route: String?, status: Int?, after duration: Duration) {
        inFlight.decrement(by: 1)
        let handles = handles(
            Key(
                route: route == Self.noRoute ? "none" : route ?? "none",
                method: Self.methods.contains(method) ? method : .connect,
                status: status.map { StatusClass($0) } ?? .cancelled))
        handles.requests.increment()
        handles.duration.record(duration / .seconds(1))
        if let status, let limit = Self.limit(status) { registry.counter(Self.refusals, limit).increment() }
    }

    /// What Hummingbird calls the path that nobody serves.
    private static let noRoute = "NotFound"

    private static func limit(_ status: Int) -> String? {
        switch status {
        case 413: "size"
        case 429: "rate"
        case 503: "load"
        case 504: "deadline"
        default: nil
        }
    }

    private func handles(_ key: Key) -> Handles {
        handles.withLock { handles in
            if let known = handles[key] { return known }
            let method = key.method == .connect ? "other" : key.method.rawValue
            let made = Handles(
                requests: registry.counter(Self.requests, key.route, method, key.status.rawValue),
                duration: registry.recorder(Self.durations, key.route, method))
            handles[key] = made
            return made
        }
    }
}

/// One request on its way.
struct HTTPMeasurement {
    fileprivate let metrics: HTTPMetrics
    fileprivate let method: HTTPRequest.Method
    fileprivate let began = ContinuousClock.now
    /// The template of the route that answers.
    var route: String?
    fileprivate var status: Int?

    /// The answer has been written; that of a cancelled request reaches nobody.
    mutating func answered(_ status: HTTPResponse.Status) { self.status = Task.isCancelled ? nil : status.code }

    func end() { metrics.ended(method, route: route, status: status, after: .now - began) }
}

/// Connections and their bytes.
private final class ConnectionMetrics: HTTPServerObserver {
    private let open: Meter
    private let accepted: Counter
    private let refused: Counter
    private let bytes: (received: Counter, sent: Counter)

    init(_ registry: MetricsRegistry) {
        open = registry.meter(HTTPMetrics.connections)
        accepted = registry.counter(HTTPMetrics.accepted)
        refused = registry.counter(HTTPMetrics.refusedConnections)
        bytes = (registry.counter(HTTPMetrics.received), registry.counter(HTTPMetrics.sent))
    }

    func connectionOpened() {
        accepted.increment()
        open.increment(by: 1)
    }

    func connectionClosed() { open.decrement(by: 1) }
    func connectionRefused() { refused.increment() }
    func received(bytes count: Int) { bytes.received.increment(by: count) }
    func sent(bytes count: Int) { bytes.sent.increment(by: count) }
}
