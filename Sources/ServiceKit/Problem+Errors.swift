import Canonical
import HTTPTransport
import HTTPTypes
import Hummingbird
import NIOHTTP1

// The one door from an error to HTTP.
extension Problem {
    /// What the client learns of an error, and whether somebody must look at the log.
    package struct Disclosure {
        package let problem: Problem
        package let isDefect: Bool
    }

    /// Turns any error into a problem. What is not known here becomes a bare 500: its text may hold secrets.
    package static func disclose(_ error: any Error) -> Disclosure {
        if let problem = known(error) {
            return Disclosure(problem: problem, isDefect: problem.status == 500)
        }
        return Disclosure(problem: Problem(status: .internalServerError), isDefect: true)
    }

    private static func known(_ error: any Error) -> Problem? {
        switch error {
        case let problem as Problem: problem
        case let error as ServiceError: service(error)
        case let error as JSONDecodingFailure: decoding(error)
        case let error as HTTPTransportError: transport(error)
        case is HTTPParserError: Problem(.invalidArgument, "the request is cut off, or is not HTTP")
        case let error as any HTTPResponseError: Problem(status: error.status)
        case is CancellationError: Problem(.unavailable, "the request was cancelled")
        default: nil
        }
    }

    private static func decoding(_ error: JSONDecodingFailure) -> Problem {
        Problem(.invalidArgument, "\(error)", field: error.path.isEmpty ? nil : error.path)
    }

    private static func service(_ error: ServiceError) -> Problem {
        if error.code == .internalFailure { return Problem(status: .internalServerError) }
        var problem = Problem(error.code, error.message, field: error.field)
        if error.isRetryable { problem.headers[.retryAfter] = "1" }
        return problem
    }

    private static func transport(_ error: HTTPTransportError) -> Problem {
        switch error {
        case .bodyTooLarge(let limit): Problem(.tooLarge, "the body is larger than \(limit) bytes")
        case .deadlineExceeded: Problem(.deadlineExceeded, "not in time")
        case .overloaded: .overloaded
        case .bodyTooSlow: .slowBody
        default: Problem(.unavailable, "a service behind this one cannot be reached")
        }
    }
}
