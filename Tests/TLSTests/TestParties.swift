import TLS

let network = String(repeating: "ab", count: 32)
let otherNetwork = String(repeating: "cd", count: 32)

/// An authority and what it issues.
struct Town {
    let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority.create(commonName: "a test's authority")
    }

    /// Credentials of a member of the network, good for `localhost` and the loopback address.
    func credentials(
        _ role: PeerRole, _ name: String = "1", network: String = network, issued: Int64 = CertificateAuthority.now(),
        algorithm: PrivateKey.Algorithm = .p256
    ) throws -> TLSCredentials {
        let key = try PrivateKey.generate(algorithm)
        let request = CertificateRequest(
            identity: PeerIdentity(network: network, role: role, name: name), dnsNames: ["localhost"],
            ipAddresses: ["127.0.0.1"], publicKey: try key.publicKey)
        return try TLSCredentials(chain: [authority.issue(request, now: issued)], privateKey: key)
    }

    func server(
        _ credentials: TLSCredentials? = nil, clients: ClientCertificates = .required,
        rules: PeerRules = PeerRules(network: network), protocols: [String] = ["h2"]
    ) throws -> TLSContext {
        try .server(
            credentials: credentials ?? self.credentials(.signer), authorities: [authority.certificate],
            clients: clients, rules: rules, protocols: protocols)
    }

    func client(
        _ credentials: TLSCredentials?, rules: PeerRules = PeerRules(network: network), protocols: [String] = ["h2"]
    ) throws -> TLSContext {
        try .client(
            credentials: credentials, authorities: [authority.certificate], rules: rules, protocols: protocols)
    }
}

/// Two sessions that hear each other.
struct Pair {
    let client: TLSSession
    let server: TLSSession

    init(client: TLSContext, server: TLSContext, host: String = "localhost") throws {
        self.client = try TLSSession(client, host: host)
        self.server = try TLSSession(server)
    }

    /// Passes bytes to and fro until both are silent; throws what the first failing side throws.
    func shakeHands() throws {
        var failure: TLSError?
        repeat {
            for (side, other) in [(client, server), (server, client)] {
                do { _ = try side.advance() } catch { failure = failure ?? error }
                let bytes = side.output()
                if !bytes.isEmpty { try? other.hear(bytes) }
            }
            if let failure { throw failure }
        } while client.pendingOutput > 0 || server.pendingOutput > 0 || !(client.isOpen && server.isOpen)
    }

    /// Says something on one side and returns what the other one hears, `size` bytes of the wire at a time.
    func say(_ bytes: [UInt8], from: TLSSession, to: TLSSession, size: Int = 1 << 20) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try from.write($0) }
        let wire = from.output()
        var heard: [UInt8] = []
        for start in stride(from: 0, to: wire.count, by: size) {
            try to.hear(Array(wire[start..<min(start + size, wire.count)]))
            heard += try to.readAll()
        }
        return heard
    }
}

extension TLSSession {
    func hear(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try receive($0) }
    }

    /// Everything that waits for the peer.
    func output() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: pendingOutput) { buffer, count in
            count = takeOutput(UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Everything that can be decrypted.
    func readAll() throws -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try read($0) }
            if count == 0 { return all }
            all += chunk[..<count]
        }
    }
}
