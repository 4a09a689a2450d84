import CSodium

/// A secret in a file, encrypted under a passphrase: Argon2id, then XChaCha20-Poly1305 with the whole header as
/// associated data. Files are 0600 in a folder that is 0700, and are written whole or not at all.
///
/// Layout, numbers big-endian: magic `DNASEAL1` ‖ Argon2id passes (UInt32) ‖ memory in KiB (UInt32) ‖ salt (16) ‖
/// nonce (24) ‖ metadata's size (UInt32) ‖ metadata ‖ ciphertext and tag.
public struct SealedFile: Sendable {
    /// The cost of deriving the key.
    public struct Cost: Hashable, Sendable {
        /// Passes over the memory, 1…16.
        public let passes: UInt32
        /// Memory in KiB, 8…1048576.
        public let memory: UInt32

        /// `nil` outside these bounds: a file from elsewhere must not exhaust the machine that loads it.
        public init?(passes: UInt32, memory: UInt32) {
            guard (1...16).contains(passes), (8...1_048_576).contains(memory) else { return nil }
            self.passes = passes
            self.memory = memory
        }

        private init(checkedPasses: UInt32, checkedMemory: UInt32) {
            passes = checkedPasses
            memory = checkedMemory
        }

        /// libsodium's "moderate": 3 passes over 256 MiB, for keys.
        public static let moderate = Cost(checkedPasses: 3, checkedMemory: 262_144)
        /// libsodium's "interactive": 2 passes over 64 MiB, where the passphrase is itself a random key.
        public static let interactive = Cost(checkedPasses: 2, checkedMemory: 65_536)
    }

    /// Public facts the caller bound to the secret. Trustworthy once the file has been opened.
    public let metadata: [UInt8]
    /// The secret.
    public let secret: SecretBytes

    /// A secret to be written.
    public init(metadata: [UInt8], secret: SecretBytes) {
        self.metadata = metadata
        self.secret = secret
    }

    /// The largest file that is read, in bytes.
    static let sizeLimit = 1 << 20

    /// Encrypts and writes the file atomically and durably, replacing an older one unless told not to. Creates the folder
    /// (not its parents) when it is missing. Throws ``SealedFileError``.
    public func write(
        to path: String, passphrase: SecretBytes, cost: Cost = .moderate, replacing: Bool = true
    ) throws(SealedFileError) {
        try PrivateFile.write(try sealed(passphrase: passphrase, cost: cost), to: path, replacing: replacing)
    }

    /// Reads and decrypts the file. Throws ``SealedFileError``, also when file or folder are open to others.
    public static func read(from path: String, passphrase: SecretBytes) throws(SealedFileError) -> SealedFile {
        try open(PrivateFile.read(path, limit: sizeLimit), passphrase: passphrase)
    }

    /// The bytes of the file.
    package func sealed(passphrase: SecretBytes, cost: Cost) throws(SealedFileError) -> [UInt8] {
        let header = Header(
            cost: cost, salt: SystemRandom.bytes(count: Header.saltSize), nonce: SystemRandom.bytes(count: 24),
            metadata: metadata)
        let bytes = header.bytes
        guard bytes.count + secret.count + AuthenticatedCipher.tagByteCount <= Self.sizeLimit else { throw .tooLarge }
        let key = try header.key(passphrase: passphrase)
        return bytes + AuthenticatedCipher.seal(secret, key: key, associated: bytes)
    }

    /// What ``sealed(passphrase:cost:)`` sealed.
    package static func open(_ bytes: [UInt8], passphrase: SecretBytes) throws(SealedFileError) -> SealedFile {
        let header = try Header(parsing: bytes)
        let headerBytes = header.bytes
        let key = try header.key(passphrase: passphrase)
        do {
            let secret = try AuthenticatedCipher.open(
                [UInt8](bytes[headerBytes.count...]), key: key, associated: headerBytes)
            return SealedFile(metadata: header.metadata, secret: secret)
        } catch {
            throw .authenticationFailed
        }
    }
}

/// Why a sealed file could not be written or read.
public enum SealedFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed.
    case system(operation: String, path: String, code: Int32)
    /// The file or its folder can be read or changed by others, or belongs to another user.
    case loosePermissions(path: String)
    /// The file is not a sealed file of a known version, or is cut off.
    case malformed
    /// The file asks for more work or memory than is allowed.
    case excessiveCost
    /// The secret with its metadata is larger than a sealed file may be.
    case tooLarge
    /// There is not enough memory to derive the key.
    case outOfMemory
    /// The passphrase is wrong, or the file was altered.
    case authenticationFailed

    /// A sentence for the operator.
    public var description: String {
        switch self {
        case .system(let operation, let path, let code): "\(operation) \(path) failed with error \(code)"
        case .loosePermissions(let path): "\(path) must belong to this user and be closed to all others"
        case .malformed: "not a sealed file of a known version"
        case .excessiveCost: "the file asks for more work or memory than is allowed"
        case .tooLarge: "the content is too large for a sealed file"
        case .outOfMemory: "not enough memory to derive the key"
        case .authenticationFailed: "wrong passphrase, or the file was altered"
        }
    }
}

/// What stands before the ciphertext.
private struct Header {
    static let magic = [UInt8]("DNASEAL1".utf8)
    static let saltSize = 16
    static let fixedSize = magic.count + 4 + 4 + saltSize + AuthenticatedCipher.nonceByteCount + 4

    let cost: SealedFile.Cost
    let salt: [UInt8]
    let nonce: [UInt8]
    let metadata: [UInt8]

    init(cost: SealedFile.Cost, salt: [UInt8], nonce: [UInt8], metadata: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.nonce = nonce
        self.metadata = metadata
    }

    init(parsing bytes: [UInt8]) throws(SealedFileError) {
        guard bytes.count >= Self.fixedSize, bytes.starts(with: Self.magic) else { throw .malformed }
        func number(at offset: Int) -> UInt32 {
            bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard let cost = SealedFile.Cost(passes: number(at: 8), memory: number(at: 12)) else { throw .excessiveCost }
        let size = Int(number(at: Self.fixedSize - 4))
        guard size <= bytes.count - Self.fixedSize else { throw .malformed }
        self.init(
            cost: cost, salt: [UInt8](bytes[16..<32]), nonce: [UInt8](bytes[32..<56]),
            metadata: [UInt8](bytes[Self.fixedSize..<Self.fixedSize + size]))
    }

    var bytes: [UInt8] {
        func encode(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }
        return Self.magic + encode(cost.passes) + encode(cost.memory) + salt + nonce + encode(UInt32(metadata.count))
            + metadata
    }

    func key(passphrase: SecretBytes) throws(SealedFileError) -> AuthenticatedCipher.Key {
        let material = try SecretBytes(count: AuthenticatedCipher.Key.byteCount) { (buffer) throws(SealedFileError) in
            let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
            let status = passphrase.withUnsafeBytes { passphrase in
                passphrase.withMemoryRebound(to: CChar.self) { passphrase in
                    crypto_pwhash(
                        output, 32, passphrase.baseAddress!, UInt64(passphrase.count), salt, UInt64(cost.passes),
                        Int(cost.memory) * 1024, crypto_pwhash_alg_argon2id13())
                }
            }
            // crypto_pwhash(3): −1 when the memory cannot be had; the other causes are excluded by `Cost`.
            guard status == 0 else { throw .outOfMemory }
            UnsafeMutableRawBufferPointer(rebasing: buffer[32...]).copyBytes(from: nonce)
        }
        return AuthenticatedCipher.Key(material)
    }
}
