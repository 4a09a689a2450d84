import TLS
import Testing

/// Handshakes without sockets: bytes passed between two values.
@Suite struct SessionTests {
    let town: Town
    let aggregator: TLSCredentials

    init() throws {
        town = try Town()
        aggregator = try town.credentials(.aggregator, "consensus-aggregator")
    }

    @Test func bothSidesLearnWhoTheOtherIs() throws {
        let pair = try Pair(client: town.client(aggregator), server: town.server())
        try pair.shakeHands()
        #expect(pair.server.peerCertificate?.identity?.description == "aggregator consensus-aggregator")
        #expect(pair.client.peerCertificate?.identity?.role == .signer)
        #expect(pair.client.selectedProtocol == "h2" && pair.server.selectedProtocol == "h2")
        #expect(pair.client.version == "TLSv1.3")
    }

    @Test func aNodeKeyIsAPrivateKeyOfTLS() throws {
        let worker = try town.credentials(.worker, String(repeating: "0f", count: 32), algorithm: .ed25519)
        let pair = try Pair(client: town.client(worker), server: town.server())
        try pair.shakeHands()
        let shown = try #require(pair.server.peerCertificate?.publicKey.ed25519)
        #expect(try PublicKey(ed25519: shown) == worker.privateKey.publicKey)
    }

    @Test(arguments: [1, 5, 100_000]) func bytesArriveHoweverTheyAreCut(size: Int) throws {
        let pair = try Pair(client: town.client(aggregator), server: town.server())
        try pair.shakeHands()
        let text = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try pair.say(text, from: pair.client, to: pair.server, size: size) == text)
        #expect(try pair.say(text, from: pair.server, to: pair.client, size: size) == text)
    }

    @Test func agreesOnTheServersFirstChoiceOfProtocol() throws {
        let client = try town.client(aggregator, protocols: ["http/1.1", "h2"])
        let pair = try Pair(client: client, server: town.server(protocols: ["h2", "http/1.1"]))
        try pair.shakeHands()
        #expect(pair.client.selectedProtocol == "h2")
    }

    @Test func refusesAClientOfOtherProtocols() throws {
        let pair = try Pair(client: town.client(aggregator, protocols: ["http/1.1"]), server: town.server())
        #expect(throws: TLSError.self) { try pair.shakeHands() }
    }

    // MARK: Who is refused

    func refusal(of client: TLSContext, by server: TLSContext, host: String = "localhost") throws -> String? {
        let pair = try Pair(client: client, server: server, host: host)
        do {
            try pair.shakeHands()
            return nil
        } catch TLSError.peerRefused(let reason) {
            return reason
        } catch {
            return "\(error)"
        }
    }

    @Test func refusesACertificateOfAnotherAuthority() throws {
        let stranger = try Town()
        let reason = try refusal(of: town.client(stranger.credentials(.aggregator)), by: town.server())
        #expect(reason?.contains("unable to get local issuer certificate") == true)
        let server = try town.server(stranger.credentials(.signer))
        #expect(try refusal(of: town.client(aggregator), by: server)?.contains("issuer") == true)
    }

    @Test func refusesACertificateBeforeAndAfterItsTime() throws {
        let now = CertificateAuthority.now()
        let early = try town.credentials(.aggregator, issued: now + 86_400)
        #expect(try refusal(of: town.client(early), by: town.server()) == "certificate is not yet valid")
        let late = try town.credentials(.aggregator, issued: now - 31 * 86_400)
        #expect(try refusal(of: town.client(late), by: town.server()) == "certificate has expired")
        let server = try town.server(town.credentials(.signer, issued: now - 31 * 86_400))
        #expect(try refusal(of: town.client(aggregator), by: server) == "certificate has expired")
    }

    @Test func refusesAServerThatIsNotTheOneAskedFor() throws {
        let server = try town.server()
        #expect(try refusal(of: town.client(aggregator), by: server, host: "127.0.0.1") == nil)
        #expect(try refusal(of: town.client(aggregator), by: server, host: "signer-2")?.contains("ostname") == true)
        #expect(try refusal(of: town.client(aggregator), by: server, host: "127.0.0.2")?.contains("IP") == true)
    }

    @Test func refusesAServerInAnotherRole() throws {
        let rules = PeerRules(network: network, roles: [.signer])
        let worker = try town.server(town.credentials(.worker))
        let reason = try refusal(of: town.client(aggregator, rules: rules), by: worker)
        #expect(reason == "it is worker 1, which is not who answers here")
        #expect(try refusal(of: town.client(aggregator, rules: rules), by: town.server()) == nil)
    }

    @Test func refusesAMemberOfAnotherNetwork() throws {
        let foreign = try town.credentials(.aggregator, network: otherNetwork)
        let reason = "its certificate is for another network"
        #expect(try refusal(of: town.client(foreign), by: town.server()) == reason)
        let server = try town.server(town.credentials(.signer, network: otherNetwork))
        #expect(try refusal(of: town.client(aggregator), by: server) == reason)
    }

    @Test func refusesACertificateThatNamesNobody() throws {
        let key = try PrivateKey.generate()
        let request = CertificateRequest(identity: nil, commonName: "dna_gateway", publicKey: try key.publicKey)
        let nobody = try TLSCredentials(chain: [town.authority.issue(request)], privateKey: key)
        #expect(try refusal(of: town.client(nobody), by: town.server())?.contains("names no member") == true)
    }

    @Test func asksForACertificateAsStrictlyAsItIsTold() throws {
        let reason = try refusal(of: town.client(nil), by: town.server(clients: .required))
        #expect(reason?.contains("did not return a certificate") == true)
        #expect(try refusal(of: town.client(nil), by: town.server(clients: .optional)) == nil)
        let stranger = try Town().credentials(.aggregator)
        #expect(try refusal(of: town.client(stranger), by: town.server(clients: .optional)) != nil)
        #expect(try refusal(of: town.client(stranger), by: town.server(clients: .ignored)) == nil)
    }

    // MARK: What breaks

    @Test func garbageEndsASession() throws {
        let session = try TLSSession(town.server())
        #expect(throws: TLSError.self) {
            try session.hear(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            _ = try session.advance()
        }
        // And nothing brings it back.
        #expect(throws: TLSError.self) { _ = try session.advance() }
    }

    @Test func halfAHandshakeIsNoConnection() throws {
        let client = try TLSSession(town.client(aggregator), host: "localhost")
        let server = try TLSSession(town.server())
        _ = try client.advance()
        let hello = client.output()
        try server.hear(Array(hello.prefix(hello.count / 2)))
        #expect(try server.advance() == false)
        #expect(server.pendingOutput == 0 && !server.isOpen)
        #expect(try server.readAll() == [])
    }

    @Test func aHandshakeTakesNoMoreThanItsBytes() throws {
        let server = try TLSSession(town.server())
        let chunk = [UInt8](repeating: 0x16, count: 64 * 1024)
        try server.hear(chunk)
        try server.hear(chunk)
        #expect(throws: TLSError.handshakeTooLarge) { try server.hear([0]) }
    }

    @Test func alteredBytesEndASession() throws {
        let pair = try Pair(client: town.client(aggregator), server: town.server())
        try pair.shakeHands()
        try Array("hello".utf8).withUnsafeBytes { try pair.client.write($0) }
        var wire = pair.client.output()
        wire[wire.count - 1] ^= 1
        try pair.server.hear(wire)
        #expect(throws: TLSError.self) { try pair.server.readAll() }
    }

    @Test func aGoodbyeTellsTheEndFromACut() throws {
        let pair = try Pair(client: town.client(aggregator), server: town.server())
        try pair.shakeHands()
        #expect(pair.server.endOfInput == .truncated)
        pair.client.close()
        try pair.server.hear(pair.client.output())
        #expect(try pair.server.readAll() == [])
        #expect(pair.server.isClosedByPeer && pair.server.endOfInput == nil)
    }

    @Test func anOldErrorOfTheThreadIsNotTakenForANewOne() throws {
        #expect(throws: CertificateError.self) { try Certificate(pem: "rubbish") }
        #expect(throws: CertificateError.self) { try PrivateKey(pem: "rubbish") }
        let pair = try Pair(client: town.client(aggregator), server: town.server())
        try pair.shakeHands()
    }
}
