import COpenSSL

/// One side of a TLS connection, without a socket: bytes of the peer in, bytes for the peer out. Confined to one thread at
/// a time.
public final class TLSSession {
    /// The most bytes of the peer before its handshake is over.
    static let handshakeLimit = 128 * 1024
    /// `SSL_get_ex_data(3)`: index 0 is the application's.
    static let sessionIndex: Int32 = 0

    private let context: TLSContext
    private let ssl: OpaquePointer
    /// Memory BIOs that `ssl` owns.
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var handshakeBytes = 0
    private var objection: String?
    private var isFailed = false

    /// Whether the handshake is over and data may flow.
    public private(set) var isOpen = false
    /// Whether the peer has said that nothing more will come.
    public private(set) var isClosedByPeer = false

    /// A session that has not said anything yet.
    /// - Parameter host: the server's name or IP address, which its certificate must be good for. A client needs it.
    public init(_ context: TLSContext, host: String? = nil) throws(TLSError) {
        ErrorQueue.clear()
        guard let ssl = SSL_new(context.pointer), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem())
        else { throw .unusable(reason: ErrorQueue.reason()) }
        self.context = context
        self.ssl = ssl
        self.input = input
        self.output = output
        SSL_set_bio(ssl, input, output)
        // BIO_s_mem(3): an empty stream means "not yet", not the end.
        _ = dna_BIO_set_mem_eof_return(input, -1)
        SSL_set_ex_data(ssl, Self.sessionIndex, Unmanaged.passUnretained(self).toOpaque())
        if context.isServer {
            SSL_set_accept_state(ssl)
        } else {
            SSL_set_connect_state(ssl)
            try expect(host)
        }
    }

    deinit { SSL_free(ssl) }

    private func expect(_ host: String?) throws(TLSError) {
        guard let host, !host.isEmpty else { throw .unusable(reason: "no server's name to check") }
        let isSet: Bool
        if CertificateRequest.isAddress(host) {
            isSet = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
        } else {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
            isSet = SSL_set1_host(ssl, host) == 1 && dna_SSL_set_tlsext_host_name(ssl, host) == 1
        }
        guard isSet else { throw .unusable(reason: ErrorQueue.reason()) }
    }

    // MARK: Bytes

    /// Takes bytes of the peer. Nothing is looked at until `advance` or `read`.
    public func receive(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
        if !isOpen {
            handshakeBytes += bytes.count
            guard handshakeBytes <= Self.handshakeLimit else { throw .handshakeTooLarge }
        }
        guard !bytes.isEmpty else { return }
        guard BIO_write(input, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count) else {
            throw .failed(reason: ErrorQueue.reason())
        }
    }

    /// Bytes that wait for the peer.
    public var pendingOutput: Int { Int(BIO_ctrl_pending(output)) }

    /// Moves bytes for the peer into `buffer`; returns how many.
    public func takeOutput(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        max(0, Int(BIO_read(output, buffer.baseAddress, Int32(clamping: buffer.count))))
    }

    /// Goes on with the handshake as far as the received bytes allow. An alert may wait in the output when it throws.
    /// - Returns: whether the handshake is over.
    public func advance() throws(TLSError) -> Bool {
        if isOpen { return true }
        try requireLife()
        ErrorQueue.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            try checkProtocol()
            isOpen = true
            return true
        }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return false }
        throw fail()
    }

    /// Moves decrypted bytes into `buffer`; returns how many, 0 when there are none yet or the peer has closed.
    public func read(_ buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Int {
        try requireLife()
        guard isOpen, !isClosedByPeer else { return 0 }
        ErrorQueue.clear()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        if count > 0 { return Int(count) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return 0
        case SSL_ERROR_ZERO_RETURN:
            isClosedByPeer = true
            return 0
        default: throw fail()
        }
    }

    /// Encrypts bytes into the output. Only after the handshake.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
        precondition(isOpen, "a write before the end of the handshake")
        try requireLife()
        guard !bytes.isEmpty else { return }
        ErrorQueue.clear()
        // A memory stream takes everything at once.
        guard SSL_write(ssl, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count) else { throw fail() }
    }

    /// Says goodbye, once.
    public func close() {
        guard isOpen, !isFailed else { return }
        ErrorQueue.clear()
        // SSL_shutdown(3): 0 when the peer's own goodbye has not come yet; nobody waits for it.
        _ = SSL_shutdown(ssl)
        ErrorQueue.clear()
    }

    /// What the end of the peer's bytes means: nil after its goodbye.
    public var endOfInput: TLSError? { isClosedByPeer ? nil : .truncated }

    private func requireLife() throws(TLSError) {
        // SSL_get_error(3): nothing further may be called after a fatal error.
        if isFailed { throw .failed(reason: "the session has failed before") }
    }

    private func fail() -> TLSError {
        isFailed = true
        let reason = ErrorQueue.reason()
        if let objection { return .peerRefused(reason: objection) }
        return .failed(reason: reason)
    }

    private func checkProtocol() throws(TLSError) {
        guard !context.isServer, context.requiresProtocol, !context.protocols.isEmpty, selectedProtocol == nil else {
            return
        }
        isFailed = true
        throw .protocolNotSpoken
    }

    // MARK: The peer

    /// Called in the middle of the handshake, so that a refusal reaches the peer as an alert.
    func verify(_ store: OpaquePointer) -> Bool {
        guard X509_verify_cert(store) == 1 else {
            objection = String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(store))))
            return false
        }
        guard let leaf = X509_STORE_CTX_get0_cert(store) else { return false }
        X509_up_ref(leaf)
        objection = context.rules.objection(to: Certificate(taking: leaf))
        if objection != nil { X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION) }
        return objection == nil
    }

    /// The peer's certificate, which was verified; nil when it showed none.
    public var peerCertificate: Certificate? {
        SSL_get1_peer_certificate(ssl).map { Certificate(taking: $0) }
    }

    /// The protocol agreed on by ALPN; nil when the client asked for none.
    public var selectedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The version of the protocol: `TLSv1.3`.
    public var version: String { String(cString: SSL_get_version(ssl)) }
}
