import HTTPTransport
import HTTPTypes
public import Hummingbird
public import TLS

/// Who calls, as its certificate says.
public typealias PeerIdentity = TLS.PeerIdentity
/// What a caller is.
public typealias PeerRole = TLS.PeerRole

/// Lets only members in certain roles through. On a plaintext listener there is nothing to check.
public struct RequireRole: RouterMiddleware {
    /// Our own context.
    public typealias Context = ServiceContext
    private let roles: Set<PeerRole>

    /// Members in one of `roles`.
    public init(_ roles: PeerRole...) {
        self.roles = Set(roles)
    }

    /// Members in any role.
    public static var any: RequireRole { RequireRole(Set(PeerRole.allCases)) }

    private init(_ roles: Set<PeerRole>) {
        self.roles = roles
    }

    /// Answers 401 without a certificate, 403 to other roles; otherwise goes on.
    public func handle(
        _ request: Request, context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        if let problem = Self.refusal(of: context.connectionPeer, unless: roles) { throw problem }
        return try await next(request, context)
    }

    /// Why a caller is sent away; nil when it is not.
    static func refusal(of peer: HTTPPeer, unless roles: Set<PeerRole>) -> Problem? {
        switch peer {
        case .unchecked: return nil
        case .anonymous: return Problem(.unauthenticated, "a client certificate is required")
        case .identified(let identity):
            if roles.contains(identity.role) { return nil }
            var problem = Problem(.permissionDenied, "not for \(identity.role.rawValue)s")
            problem.type = "urn:dna:problem:wrong_role"
            return problem
        }
    }
}

extension ServiceContext {
    /// Whom the caller's certificate names; nil without one, and on a plaintext listener.
    public var peer: PeerIdentity? { connectionPeer.identity }

    /// Throws 403 unless the caller's certificate names `name`; goes on where nobody shows certificates.
    public func requirePeerName(_ name: String) throws {
        switch connectionPeer {
        case .unchecked: return
        case .anonymous: throw Problem(.unauthenticated, "a client certificate is required")
        case .identified(let identity):
            guard identity.name == name else {
                var problem = Problem(.permissionDenied, "the certificate is another's")
                problem.type = "urn:dna:problem:wrong_peer"
                throw problem
            }
        }
    }
}
