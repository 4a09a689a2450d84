import CoordinatorStore
import DNAProtocol
import Postgres
import ServiceKit

extension Problem {
    /// 409: the node has said something else before.
    static let contradiction = own("contradiction", .conflict, "the node has sent another one before")
    /// 409: too late, or too early.
    static let closed = own("closed", .conflict, "the round does not take this now")
    /// 410: the round or the request is over.
    static let gone = Problem(status: .gone, detail: "the round is over")

    private static func own(_ kind: String, _ code: ServiceError.Code, _ detail: String) -> Problem {
        var problem = Problem(code, detail)
        problem.type = "urn:dna:problem:" + kind
        return problem
    }

    /// 400 that names the field.
    static func invalid(_ field: String, _ reason: String) -> Problem {
        Problem(.invalidArgument, reason, field: field)
    }
}

/// Runs a handler's body; what the protocol or the database refuses becomes a problem.
func disclosing<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as InvalidField {
        throw Problem.invalid(error.field, error.reason)
    } catch let error as PostgresError where error.isRetryable || error == .commitOutcomeUnknown {
        throw ServiceError(.unavailable, "the database cannot be reached", cause: error)
    }
}
