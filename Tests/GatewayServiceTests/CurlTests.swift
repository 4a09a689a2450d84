import TestKit
import Testing

/// What the rest of the world has: curl, over both protocols.
@Suite(.timeLimit(.minutes(2)))
struct CurlTests {
    /// Arguments that choose a protocol, and the version curl then reports.
    private static let protocols = [["--http1.1"], ["--http2-prior-knowledge"]]

    @Test(arguments: zip(protocols, ["1.1", "2"]))
    func curlIsAnswered(_ arguments: [String], _ version: String) async throws {
        try await Fixture.run { gateway in
            let url = "http://127.0.0.1:\(gateway.port)/v1/chat/completions"
            let curl = arguments + ["--json", question, "--write-out", "\n%{http_version} %{response_code}", url]
            async let output = run(curl)
            try await gateway.coordinator.certify(try await gateway.coordinator.openRequest(), paris)
            let lines = try await output.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.contains(#""content":"Paris.""#) == true)
            #expect(lines.last == "\(version) 200")
        }
    }

    @Test(arguments: zip(protocols, ["1.1", "2"]))
    func curlIsRefused(_ arguments: [String], _ version: String) async throws {
        try await Fixture.run { gateway in
            let url = "http://127.0.0.1:\(gateway.port)"
            let format = ["--write-out", "\n%{http_version} %{response_code} %{content_type}"]
            let malformed = try await run(arguments + format + ["--json", "{", "\(url)/v1/chat/completions"])
            #expect(malformed.hasSuffix("\n\(version) 400 application/json"))
            let missing = try await run(arguments + format + ["\(url)/nowhere"])
            #expect(missing.hasSuffix("\n\(version) 404 application/problem+json"))
            let head = try await run(arguments + format + ["--head", "\(url)/healthz"])
            #expect(head.hasSuffix("\n\(version) 200 application/json"))
        }
    }

    private func run(_ arguments: [String]) async throws -> String {
        try await Command.run("/usr/bin/env", ["curl", "--silent", "--show-error", "--max-time", "60"] + arguments).text
    }
}
