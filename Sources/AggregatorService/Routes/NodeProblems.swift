import CoordinatorStore
import DNAProtocol
import Postgres
import ServiceKit

extension Problem {
    /// 409: the node has said something else before.
    static let contradiction = own("contradiction", .conflict, "the node has sent another one before")
    /// 409: too late, or too early.
    static let closed = own("closed", .conflict, "the round does not take this now")
    /// 403: the node was shut out.
    static let revoked = own("revoked", .permissionDenied, "the node was revoked")
    /// 403: none of a node's invitations lets it in.
    static func invitation(_ reason: String) -> Problem {
        own("invitation", .permissionDenied, reason, field: "body.invitations")
    }
    /// 409: another roster epoch came first.
    static func superseded(_ reason: String) -> Problem { own("superseded", .conflict, reason, field: "roster.epoch") }
    /// 410: the round or the request is over.
    static let gone = Problem(status: .gone, detail: "the round is over")

    private static func own(
        _ kind: String, _ code: ServiceError.Code, _ detail: String, field: String? = nil
    ) -> Problem {
        var problem = Problem(code, detail, field: field)
        problem.type = "urn:dna:problem:" + kind
        return problem
    }

    /// 400 that names the field.
    static func invalid(_ field: String, _ reason: String) -> Problem {
        Problem(.invalidArgument, reason, field: field)
    }
}

/// Runs a handler's body; what the protocol or the database refuses becomes a problem.
package func disclosing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as InvalidField {
        throw Problem.invalid(error.field, error.reason)
    } catch let error as StoreError {
        throw try Problem.of(error)
    } catch PostgresError.cancelled {
        // The node has left: nobody reads the answer, and nothing is wrong here.
        throw CancellationError()
    } catch let error as PostgresError where error.isRetryable || error == .commitOutcomeUnknown {
        throw ServiceError(.unavailable, "the database cannot be reached", cause: error)
    }
}

extension Problem {
    /// What a caller can do something about; everything else is thrown again.
    fileprivate static func of(_ error: StoreError) throws -> Problem {
        switch error {
        case .rosterRefused: return superseded("\(error)")
        case .registrationRefused: return own("superseded", .conflict, "\(error)", field: "registration.body.at")
        case .tooManyApplications, .tooManyProposals:
            var problem = Problem(.limitExceeded, "\(error)")
            problem.headers[.retryAfter] = "60"
            return problem
        default: throw error
        }
    }
}
