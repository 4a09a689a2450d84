import COpenSSL
import Synchronization

/// What sessions of one kind have in common: TLS 1.2 and 1.3, forward secrecy, authenticated ciphers, no resumption, no
/// renegotiation, no compression.
///
/// `@unchecked`: an SSL_CTX is not changed after it was made here, and `SSL_new(3)` may be called from any thread.
public final class TLSContext: @unchecked Sendable {
    /// The most bytes of a peer's certificates.
    static let certificateLimit = 32 * 1024

    let pointer: OpaquePointer
    let isServer: Bool
    let rules: PeerRules
    /// ALPN names (RFC 7301), most wanted first.
    let protocols: [String]
    /// Whether a server that agrees on none of them is refused.
    let requiresProtocol: Bool
    /// The same, each after its length.
    let protocolList: [UInt8]
    private let retained: [Certificate]

    private init(
        isServer: Bool, credentials: TLSCredentials?, authorities: [Certificate], rules: PeerRules,
        protocols: [String], requiresProtocol: Bool = true
    ) throws(TLSError) {
        ErrorQueue.clear()
        guard let pointer = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw .unusable(reason: ErrorQueue.reason())
        }
        self.pointer = pointer
        self.isServer = isServer
        self.rules = rules
        self.protocols = protocols
        self.requiresProtocol = requiresProtocol
        protocolList = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        retained = (credentials?.chain ?? []) + authorities
        try restrict()
        if let credentials { try use(credentials) }
        try trust(authorities)
        watchPeers()
    }

    deinit { SSL_CTX_free(pointer) }

    /// For the side that accepts connections.
    /// - Parameters:
    ///   - authorities: who vouches for clients.
    ///   - protocols: ALPN names served; a client that offers others only is refused. None of them: no ALPN.
    public static func server(
        credentials: TLSCredentials, authorities: [Certificate] = [], clients: ClientCertificates,
        rules: PeerRules = PeerRules(), protocols: [String]
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(
            isServer: true, credentials: credentials, authorities: authorities, rules: rules, protocols: protocols)
        let mode =
            switch clients {
            case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            case .optional: SSL_VERIFY_PEER
            case .ignored: SSL_VERIFY_NONE
            }
        SSL_CTX_set_verify(context.pointer, mode, nil)
        if !protocols.isEmpty { context.selectProtocols() }
        return context
    }

    /// For the side that connects.
    /// - Parameters:
    ///   - credentials: what to show to a server that asks; nil for nothing.
    ///   - authorities: who vouches for servers; none of them means the system's.
    ///   - protocols: ALPN names, one of which the server must speak.
    ///   - requiresProtocol: whether it must say so; HTTP/1.1 is what a server speaks that knows no ALPN.
    public static func client(
        credentials: TLSCredentials? = nil, authorities: [Certificate], rules: PeerRules = PeerRules(),
        protocols: [String], requiresProtocol: Bool = true
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(
            isServer: false, credentials: credentials, authorities: authorities, rules: rules, protocols: protocols,
            requiresProtocol: requiresProtocol)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        // SSL_CTX_set_alpn_protos(3) returns 0 on success.
        guard SSL_CTX_set_alpn_protos(context.pointer, context.protocolList, UInt32(context.protocolList.count)) == 0
        else { throw .unusable(reason: ErrorQueue.reason()) }
        if authorities.isEmpty, SSL_CTX_set_default_verify_paths(context.pointer) != 1 {
            throw .unusable(reason: ErrorQueue.reason())
        }
        return context
    }

    private func restrict() throws(TLSError) {
        _ = dna_SSL_CTX_set_full_handshakes(pointer)
        _ = dna_SSL_CTX_set_max_cert_list(pointer, Self.certificateLimit)
        // Idle connections are many; buffers of 16 KiB for each are not needed.
        _ = dna_SSL_CTX_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS))
        let isRestricted =
            dna_SSL_CTX_set_min_proto_version(pointer, TLS1_2_VERSION) == 1
            && dna_SSL_CTX_set_max_proto_version(pointer, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
            && dna_SSL_CTX_set1_groups_list(pointer, "X25519:P-256:P-384") == 1
            && SSL_CTX_set_num_tickets(pointer, 0) == 1
            && SSL_CTX_set_session_id_context(pointer, Array("dna".utf8), 3) == 1
        guard isRestricted else { throw .unusable(reason: ErrorQueue.reason()) }
    }

    private func use(_ credentials: TLSCredentials) throws(TLSError) {
        guard SSL_CTX_use_certificate(pointer, credentials.certificate.pointer) == 1,
            SSL_CTX_use_PrivateKey(pointer, credentials.privateKey.pointer) == 1
        else { throw .unusable(reason: ErrorQueue.reason()) }
        for certificate in credentials.chain.dropFirst() {
            guard dna_SSL_CTX_add1_chain_cert(pointer, certificate.pointer) == 1 else {
                throw .unusable(reason: ErrorQueue.reason())
            }
        }
    }

    private func trust(_ authorities: [Certificate]) throws(TLSError) {
        let store = SSL_CTX_get_cert_store(pointer)
        for authority in authorities {
            guard X509_STORE_add_cert(store, authority.pointer) == 1 else {
                throw .unusable(reason: ErrorQueue.reason())
            }
            if isServer, SSL_CTX_add_client_CA(pointer, authority.pointer) != 1 {
                throw .unusable(reason: ErrorQueue.reason())
            }
        }
    }

    private func watchPeers() {
        SSL_CTX_set_cert_verify_callback(
            pointer,
            { store, _ in
                let index = SSL_get_ex_data_X509_STORE_CTX_idx()
                guard let store, let ssl = X509_STORE_CTX_get_ex_data(store, index).map(OpaquePointer.init),
                    let session = SSL_get_ex_data(ssl, TLSSession.sessionIndex)
                else { return 0 }
                return Unmanaged<TLSSession>.fromOpaque(session).takeUnretainedValue().verify(store) ? 1 : 0
            }, nil)
    }

    private func selectProtocols() {
        SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, chosen, chosenCount, offered, offeredCount, context in
                guard let context else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                let list = Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue().protocolList
                return list.withUnsafeBufferPointer { list in
                    var found: UnsafeMutablePointer<UInt8>?
                    let result = SSL_select_next_proto(
                        &found, chosenCount, list.baseAddress, UInt32(list.count), offered, offeredCount)
                    guard result == OPENSSL_NPN_NEGOTIATED, let found, let offered else {
                        return SSL_TLSEXT_ERR_ALERT_FATAL
                    }
                    // The name must outlive this call: the client's bytes do.
                    chosen?.pointee = TLSContext.same(found, in: offered, Int(offeredCount))
                    return SSL_TLSEXT_ERR_OK
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Where the name that begins at `name`, after its length, stands in a list.
    private static func same(
        _ name: UnsafeMutablePointer<UInt8>, in list: UnsafePointer<UInt8>, _ count: Int
    ) -> UnsafePointer<UInt8>? {
        let length = Int(name[-1])
        let wanted = UnsafeBufferPointer(start: name, count: length)
        var place = 0
        while place < count {
            let next = Int(list[place])
            if next == length, wanted.elementsEqual(UnsafeBufferPointer(start: list + place + 1, count: next)) {
                return list + place + 1
            }
            place += 1 + next
        }
        return nil
    }
}

/// The context that new sessions use. It is replaced when a certificate is renewed; sessions that exist keep theirs.
public final class TLSContextSource: Sendable {
    private let current: Mutex<TLSContext>

    /// Begins with `context`.
    public init(_ context: TLSContext) {
        current = Mutex(context)
    }

    /// The context for a new session.
    public var context: TLSContext { current.withLock { $0 } }

    /// New sessions use `context` from now on.
    public func replace(with context: TLSContext) {
        current.withLock { $0 = context }
    }
}
