import Foundation
import TestKit
import Testing

/// The official client for Python. Opt-in, because it has to be downloaded: set DNA_TEST_OPENAI_PYTHON to a Python
/// interpreter, and scripts/check-openai-client gets the client by itself if that one lacks it.
@Suite(.timeLimit(.minutes(5)))
struct OpenAIClientTests {
    private static let python = ProcessInfo.processInfo.environment["DNA_TEST_OPENAI_PYTHON"]

    @Test(.enabled(if: python != nil)) func theOfficialClientIsAtHome() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/check-openai-client").path
        try await Fixture.run { gateway in
            let answering = Task {
                while !Task.isCancelled {
                    try await gateway.coordinator.certify(try await gateway.coordinator.openRequest(), paris)
                }
            }
            let output = try await Command.run(
                "/usr/bin/env", [try #require(Self.python), script, "http://127.0.0.1:\(gateway.port)"])
            answering.cancel()
            #expect(output.status == 0, "\(output.text)")
            #expect(output.text.contains("ok     404 for what is not there"))
        }
    }
}
