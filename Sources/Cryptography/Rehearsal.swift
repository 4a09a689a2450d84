/// What a simulation may do and no service does: it computes public results once, where every party computes them again,
/// and keeps secrets, which are none, in ordinary memory.
///
/// A rehearsal is a scope in the program: nothing that is configured can begin one. What is remembered are facts — the
/// canonical bytes of a value, a signature that verifies, a point that is valid, a sum or product of public values — under all
/// that they depend on. What does not verify and what is not valid is found out every time.
///
/// `@unchecked`: it belongs to the one thread that runs it; no task is begun in a rehearsal.
package final class Rehearsal: @unchecked Sendable {
    @TaskLocal package static var current: Rehearsal?

    /// What is done with points.
    enum Operation: Hashable {
        case product, sum, difference
    }

    private struct Term: Hashable {
        let operation: Operation
        let left: Octets32
        let right: Octets32
    }

    /// How many signatures were verified.
    package struct Counts: Hashable, Sendable {
        /// By the library, valid or not.
        package var computed = 0
        /// By remembering that they are valid.
        package var remembered = 0

        package init(computed: Int = 0, remembered: Int = 0) {
            self.computed = computed
            self.remembered = remembered
        }
    }

    package private(set) var counts = Counts()
    private var signatures: Set<[UInt8]> = []
    private var points: Set<Octets32> = []
    private var results: [Term: Octets32] = [:]
    private var encodings: [AnyHashable: [UInt8]] = [:]

    package init() {}

    /// Runs `body` with everything remembered in this rehearsal.
    package func run<Value>(_ body: () throws -> Value) rethrows -> Value {
        try Self.$current.withValue(self, operation: body)
    }

    /// The canonical bytes of a value, as `encode` gives them unless it has given them before. Only of values that can be
    /// told apart as finely as their bytes; text that is equal in another normal form cannot, and none is simulated.
    package static func bytes<E: Error>(
        of value: some Any, _ encode: () throws(E) -> [UInt8]
    ) throws(E) -> [UInt8] {
        guard let current, let value = value as? any Hashable else { return try encode() }
        let name = AnyHashable(value)
        if let known = current.encodings[name] { return known }
        let bytes = try encode()
        current.encodings[name] = bytes
        return bytes
    }

    /// Whether the signature verifies: `verify` tells, unless it has said yes before.
    func verifies(_ key: Octets32, _ signature: [UInt8], _ message: [UInt8], _ verify: () -> Bool) -> Bool {
        var hash = SHA256()
        hash.update(key.bytes + signature)
        hash.update(message)
        let name = hash.finalize()
        guard !signatures.contains(name) else {
            counts.remembered += 1
            return true
        }
        counts.computed += 1
        guard verify() else { return false }
        signatures.insert(name)
        return true
    }

    /// Whether the point is valid: `validate` tells, unless it has said yes before.
    static func isValid(_ point: Octets32, _ validate: (Octets32) -> Bool) -> Bool {
        guard let current else { return validate(point) }
        if current.points.contains(point) { return true }
        guard validate(point) else { return false }
        current.points.insert(point)
        return true
    }

    /// Notes that a point is valid because it was made from the base point.
    static func noteValid(_ point: Octets32) { current?.points.insert(point) }

    /// The result, as `compute` gives it unless it has given it before; what it throws is not remembered.
    static func result<E: Error>(
        _ operation: Operation, _ left: Octets32, _ right: Octets32, _ compute: () throws(E) -> Octets32
    ) throws(E) -> Octets32 {
        guard let current else { return try compute() }
        let term = Term(operation: operation, left: left, right: right)
        if let known = current.results[term] { return known }
        let result = try compute()
        current.results[term] = result
        return result
    }
}
