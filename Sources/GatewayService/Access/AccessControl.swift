import HTTPTransport
import HTTPTypes
package import Hummingbird
package import ServiceKit

/// Turns clients away before anything of their body is read: whoever has no key, or has had its share.
package struct AccessControl: RouterMiddleware {
    /// Our own context.
    package typealias Context = ServiceContext
    private let access: ClientAccess

    package init(_ access: ClientAccess) { self.access = access }

    /// Counts requests below `/v1`, but for the network file, which whoever verifies an answer needs.
    package func handle(
        _ request: Request, context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        if request.uri.path.hasPrefix("/v1/"), request.uri.path != "/v1/network" {
            do throws(ClientAccess.Refusal) {
                let (client, limits) = try access.identify(request, context)
                try access.count(client, limits, at: .now)
            } catch {
                throw Problem(error)
            }
        }
        return try await next(request, context)
    }
}

extension ClientAccess {
    func identify(_ request: Request, _ context: ServiceContext) throws(Refusal) -> (Client, ClientLimits) {
        try identify(
            authorization: request.headers[.authorization],
            address: RemoteAddress(context.channel.remoteAddress).description)
    }

    /// Runs the body while the client has one more question open.
    func withQuestion<Value>(
        _ request: Request, _ context: ServiceContext, _ body: (ClientLimits) async throws -> Value
    ) async throws -> Value {
        let limits: ClientLimits
        let client: Client
        do throws(Refusal) {
            (client, limits) = try identify(request, context)
            try open(client, limits, at: .now)
        } catch {
            throw Problem(error)
        }
        defer { close(client) }
        return try await body(limits)
    }
}

extension Problem {
    init(_ refusal: ClientAccess.Refusal) {
        switch refusal {
        case .unknownKey:
            self.init(.unauthenticated, "send a known API key: Authorization: Bearer …")
            headers[.wwwAuthenticate] = "Bearer"
        case .tooManyRequests(let seconds):
            self.init(.limitExceeded, "too many requests: the next one may come in \(seconds) s")
            headers[.retryAfter] = String(seconds)
        case .tooManyOpen:
            self.init(.limitExceeded, "too many requests of this client are open")
            headers[.retryAfter] = "1"
        case .tooManyClients:
            self.init(.unavailable, "too many clients")
            headers[.retryAfter] = "60"
        }
    }
}
