import HTTPTransport
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceKit
import Synchronization
import TestKit
import Testing

/// Routes, errors and typed calls on live sockets.
struct ServiceTests {
    struct Sum: Codable, Hashable, Sendable {
        var left: Int
        var right: Int
    }

    private static func router() -> ServiceRouter {
        let router = ServiceRouter.service()
        router.postJSON("sum", limit: 100) { (input: Sum, _) in ["sum": input.left + input.right] }
        router.postJSON("empty") { (_: Sum, _) -> Sum? in nil }
        router.get("number/{value}") { _, context in "\(try context.parameters.require("value", as: Int.self))" }
        router.get("bare") { _, _ in Response(status: .gone, headers: [.retryAfter: "9"]) }
        router.get("defect") { _, _ -> String in throw Unknown() }
        router.get("conflict") { _, _ -> String in throw ServiceError(.conflict, "taken", field: "name") }
        router.group("slow").add(middleware: RouteDeadline(.milliseconds(30))).get { _, _ -> String in
            try await Task.sleep(for: .seconds(3600))
            return "never"
        }
        router.addHealthRoutes(checks: [
            HealthCheck("database") {}, HealthCheck("signers") { throw ServiceError(.unavailable, "2 of 3") },
            HealthCheck("secret") { throw Unknown() },
        ])
        return router
    }

    struct Unknown: Error, CustomStringConvertible {
        let description = "password=hunter2"
    }

    @Test func decodesAndEncodesJSON() async throws {
        try await withService(Self.router()) { service, _, _ in
            let answer: [String: Int] = try await service.post("/sum", Sum(left: 2, right: 3))
            #expect(answer == ["sum": 5])
            let nothing: Sum? = try await service.poll("/empty", Sum(left: 1, right: 1))
            #expect(nothing == nil)
        }
    }

    @Test(arguments: [
        ("{\"left\":1}", "right"), ("{\"left\":1,\"right\":\"x\"}", "right"), ("[]", nil), ("{", nil), ("", nil),
    ])
    func wrongJSONIsA400ThatNamesTheField(text: String, field: String?) async throws {
        try await withService(Self.router()) { _, client, origin in
            let response = try await client.send(
                .post, "/sum", to: origin, fields: [.contentType: "application/json"], body: ByteBuffer(string: text))
            #expect(response.status == .badRequest)
            #expect(response.head.headerFields[.contentType] == "application/problem+json")
            if let field { #expect(String(buffer: response.body).contains("\"field\":\"\(field)\"")) }
        }
    }

    @Test func refusesLargeBodiesAndOtherMediaTypes() async throws {
        try await withService(Self.router()) { _, client, origin in
            let large = try await client.send(
                .post, "/sum", to: origin, body: ByteBuffer(repeating: UInt8(ascii: " "), count: 101))
            #expect(large.status == .contentTooLarge)
            let form = try await client.send(
                .post, "/sum", to: origin, fields: [.contentType: "text/plain"], body: ByteBuffer(string: "{}"))
            #expect(form.status == .unsupportedMediaType)
        }
    }

    @Test func unknownPathIs404AndOtherMethod405() async throws {
        try await withService(Self.router()) { _, client, origin in
            let missing = try await client.send(.get, "/nowhere", to: origin)
            #expect(missing.status == .notFound)
            #expect(missing.head.headerFields[.contentType] == "application/problem+json")
            let method = try await client.send(.delete, "/sum", to: origin)
            #expect(method.status == .methodNotAllowed)
            #expect(method.head.headerFields[.allow] == "POST")
            let head = try await client.send(.head, "/healthz", to: origin)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }

    @Test func theRoutersOwnErrorsAndBareAnswersAreProblems() async throws {
        try await withService(Self.router()) { _, client, origin in
            let number = try await client.send(.get, "/number/12", to: origin)
            #expect(String(buffer: number.body) == "12")
            let wrong = try await client.send(.get, "/number/twelve", to: origin)
            #expect(wrong.status == .badRequest)
            let bare = try await client.send(.get, "/bare", to: origin)
            #expect(bare.status == .gone)
            #expect(bare.head.headerFields[.retryAfter] == "9")
            for answer in [wrong, bare] {
                #expect(answer.head.headerFields[.contentType] == "application/problem+json")
                #expect(answer.head.headerFields[.contentLength] == "\(answer.body.readableBytes)")
                #expect(String(buffer: answer.body).contains("\"status\":\(answer.status.code)"))
            }
        }
    }

    @Test func anUnknownErrorIsABare500() async throws {
        try await withService(Self.router()) { _, client, origin in
            let response = try await client.send(.get, "/defect", to: origin)
            #expect(response.status == .internalServerError)
            #expect(!String(buffer: response.body).contains("hunter2"))
        }
    }

    @Test func aProblemComesBackAsTheSameError() async throws {
        try await withService(Self.router()) { service, _, _ in
            do {
                let _: Sum = try await service.get("/conflict")
                Issue.record("no error")
            } catch let error as ServiceError {
                #expect(error.code == .conflict)
                #expect(error.message == "taken")
                #expect(error.field == "name")
                #expect(!error.isRetryable)
            }
        }
    }

    @Test func aRouteHasItsOwnDeadline() async throws {
        try await withService(Self.router()) { service, _, _ in
            do {
                let _: Sum = try await service.get("/slow")
                Issue.record("no error")
            } catch let error as ServiceError {
                #expect(error.code == .deadlineExceeded)
            }
        }
    }

    @Test func healthNamesWhatIsMissing() async throws {
        try await withService(Self.router()) { _, client, origin in
            let alive = try await client.send(.get, "/healthz", to: origin)
            #expect(String(buffer: alive.body) == "{\"status\":\"ok\"}")
            let ready = try await client.send(.get, "/readyz", to: origin)
            #expect(ready.status == .serviceUnavailable)
            let text = String(buffer: ready.body)
            #expect(text.contains("2 of 3"))
            #expect(!text.contains("hunter2"))
        }
    }

    @Test func keepsTheClientsRequestIDAndRefusesAStrangeOne() async throws {
        let name = try #require(HTTPField.Name("x-request-id"))
        try await withService(Self.router()) { _, client, origin in
            let kept = try await client.send(.get, "/healthz", to: origin, fields: [name: "abc-1"])
            #expect(kept.head.headerFields[name] == "abc-1")
            let replaced = try await client.send(.get, "/healthz", to: origin, fields: [name: "a b{}"])
            let id = try #require(replaced.head.headerFields[name])
            #expect(!id.isEmpty && id != "a b{}")
        }
    }

    @Test func repeatsIdempotentCallsOnly() async throws {
        let calls = Mutex(0)
        let router = ServiceRouter.service()
        router.postJSON("flaky") { (_: Sum, _) -> Sum? in
            let count = calls.withLock { calls in
                calls += 1
                return calls
            }
            if count < 3 { throw ServiceError(.unavailable, "not yet") }
            return Sum(left: count, right: 0)
        }
        var retry = RetryPolicy()
        retry.jitter = { 0 }
        try await withService(retry: retry, router) { service, _, _ in
            await #expect(throws: ServiceError.self) {
                let _: Sum = try await service.post("/flaky", Sum(left: 0, right: 0))
            }
            let answer: Sum = try await service.post("/flaky", Sum(left: 0, right: 0), isIdempotent: true)
            #expect(answer.left == 3)
        }
    }

    @Test func aReadinessThatIsNoneIsTheOtherServicesFault() async throws {
        let router = ServiceRouter.service()
        router.get("readyz") { _, _ in "fine" }
        try await withService(router) { service, _, _ in
            let error = await #expect(throws: ServiceError.self) {
                try await service.readiness(deadline: .seconds(5))
            }
            #expect(error?.code == .badUpstream)
        }
    }

    @Test func speaksHTTP1WhereAsked() async throws {
        let curl = try #require(Command.find("curl"))
        try await withService(options: HTTPServiceOptions(servesHTTP1: true), Self.router()) { _, _, origin in
            for version in ["--http1.1", "--http2-prior-knowledge"] {
                let arguments = ["-s", version, "-w", " %{http_version} %{http_code}", "\(origin)/healthz"]
                let heard = try await Command.run(curl, arguments).text
                #expect(heard == "{\"status\":\"ok\"} \(version == "--http1.1" ? "1.1" : "2") 200")
            }
            let late = try await Command.run(
                curl, ["-s", "--http1.1", "-o", "/dev/null", "-w", "%{http_code}", "\(origin)/slow"]
            ).text
            #expect(late == "504")
        }
    }
}
