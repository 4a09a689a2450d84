import HTTPTransport
import ServiceKit
import TLS
import TestKit
import Testing

/// Other people's clients over our TLS.
@Suite struct TLSInteropTests {
    /// Runs `script` in a shell against a listener, with the folder of certificates as $1 and the port as $2.
    func run(_ script: String, clients: ClientCertificates = .required) async throws -> String {
        let folder = try LinkFolder()
        try folder.issue(.monitor)
        var options = HTTPServiceOptions(servesHTTP1: true)
        options.server.tls = try folder.link(.signer).server(clients, servesHTTP1: true)
        let router = ServiceRouter.service()
        router.getJSON("who") { _, context in ["caller": context.peer?.description ?? "nobody"] }
        let result = Result()
        let path = folder.path
        try await withService(options: options, router) { _, _, origin in
            await result.set(try await Command.run("/bin/sh", ["-c", script, "sh", path, "\(origin.port)"]).text)
        }
        return await result.text
    }

    static let curl =
        "curl -s -m 10 --cacert $1/authority.pem --cert $1/monitor-1.pem --key $1/monitor-1.key -w ' %{http_version}' "
    static let client = "openssl s_client -connect localhost:$2 -CAfile $1/authority.pem -ign_eof "
    static let hasTools = Command.find("curl") != nil && Command.find("openssl") != nil

    @Test(.enabled(if: hasTools)) func curlSpeaksBothVersionsAndIsKnown() async throws {
        let address = "https://localhost:$2/who"
        #expect(try await run(Self.curl + address) == #"{"caller":"monitor 1"} 2"#)
        #expect(try await run(Self.curl + "--http1.1 " + address) == #"{"caller":"monitor 1"} 1.1"#)
        #expect(try await run(Self.curl + "--tls-max 1.2 " + address) == #"{"caller":"monitor 1"} 2"#)
    }

    @Test(.enabled(if: hasTools)) func curlWithoutACertificateGetsNothing() async throws {
        let output = try await run("curl -s -m 10 --cacert $1/authority.pem https://localhost:$2/who; echo $?")
        #expect(!output.contains("caller") && output != "0\n")
    }

    @Test(.enabled(if: hasTools), arguments: ["-tls1", "-tls1_1"]) func oldVersionsAreRefused(version: String)
        async throws
    {
        let script = "echo | " + Self.client + version + " -cipher 'ALL:@SECLEVEL=0' 2>&1"
        #expect(try await run(script).contains("alert protocol version"))
    }

    @Test(.enabled(if: hasTools)) func ciphersWithoutForwardSecrecyAreRefused() async throws {
        let script = "echo | " + Self.client + "-tls1_2 -cipher AES128-GCM-SHA256 2>&1"
        #expect(try await run(script, clients: .ignored).contains("handshake failure"))
    }

    @Test(.enabled(if: hasTools)) func renegotiationIsRefused() async throws {
        let script = "(echo R; timeout 5 tail -f /dev/null) | openssl s_client -connect localhost:$2 -tls1_2 2>&1"
        let output = try await run(script, clients: .ignored)
        #expect(output.contains("RENEGOTIATING") && output.contains("no renegotiation"))
    }

    @Test(.enabled(if: hasTools)) func noSessionIsResumed() async throws {
        let script = "echo | openssl s_client -connect localhost:$2 -tls1_2 -reconnect 2>&1 | grep -c '^New, TLS'"
        #expect(try await run(script, clients: .ignored) == "6\n")
    }
}

private actor Result {
    private(set) var text = ""

    func set(_ text: String) { self.text = text }
}
