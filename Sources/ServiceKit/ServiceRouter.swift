import HTTPTypes
public import Hummingbird

/// Hummingbird's router with our context.
public typealias ServiceRouter = Router<ServiceContext>

extension Router where Context == ServiceContext {
    /// A router that answers HEAD wherever it answers GET. `HTTPService` names its requests and turns its errors
    /// into problems.
    public static func service() -> ServiceRouter {
        Router(context: ServiceContext.self, options: .autoGenerateHeadEndpoints)
    }

    /// Answers 405 with `Allow` on every path that exists with another method. Called once, after all routes.
    func refuseOtherMethods() {
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let paths = Dictionary(grouping: routes, by: \.path.description)
        for group in paths.values {
            var allowed = Set(group.map(\.method))
            if allowed.contains(.get) { allowed.insert(.head) }
            let allow = allowed.map(\.rawValue).sorted().joined(separator: ", ")
            for method in methods where !allowed.contains(method) {
                on(group[0].path, method: method) { _, _ -> Response in
                    throw Problem(
                        status: .methodNotAllowed, detail: "allowed: \(allow)", headers: [.allow: allow])
                }
            }
        }
    }
}

/// Gives the routes of a group their own deadline, in place of the server's.
public struct RouteDeadline: RouterMiddleware {
    /// Our own context.
    public typealias Context = ServiceContext
    private let duration: Duration?

    /// A deadline counted from the request's head; nil means none.
    public init(_ duration: Duration?) {
        self.duration = duration
    }

    /// Moves the deadline, then goes on.
    public func handle(
        _ request: Request, context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        context.setDeadline(duration)
        return try await next(request, context)
    }
}
