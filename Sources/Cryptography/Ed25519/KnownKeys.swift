import Synchronization

/// Encodings that were found valid lately. The same few keys come in every message, and checking a point costs forty
/// times what looking it up does.
enum KnownKeys {
    /// The most encodings remembered; then all are forgotten.
    private static let limit = 4_096
    private static let encodings = Mutex<Set<Octets32>>([])

    /// Whether `octets` was remembered.
    static func contains(_ octets: Octets32) -> Bool { encodings.withLock { $0.contains(octets) } }

    /// Remembers a valid encoding of a public key.
    static func insert(_ octets: Octets32) {
        encodings.withLock { encodings in
            if encodings.count >= limit { encodings.removeAll(keepingCapacity: true) }
            encodings.insert(octets)
        }
    }
}
