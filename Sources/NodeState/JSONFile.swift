import Canonical
import Foundation

/// JSON documents on disk: a genesis, a roster, a network file.
public enum JSONFile {
    /// The largest document that is read, in bytes.
    public static let maximumBytes = 64 << 20

    /// Reads a document; errors name the file, and the field when the JSON is not what it should be.
    ///
    /// Unknown fields are refused: they are not part of what is hashed and signed, and a reader must not think they are.
    public static func read<Value: Decodable>(_ type: Value.Type, path: String) throws -> Value {
        guard let file = FileHandle(forReadingAtPath: path) else { throw StateError.cannotRead(path, errno) }
        defer { try? file.close() }
        let data = try file.read(upToCount: maximumBytes + 1) ?? Data()
        guard data.count <= maximumBytes else { throw JSONFileError(path: path, reason: "is larger than 64 MiB") }
        do {
            return try CanonicalJSON.decode(type, from: Array(data), unknownKeys: .refused)
        } catch {
            throw JSONFileError(path: path, reason: "\(error)")
        }
    }

    /// Reads a document like ``read(_:path:)``; nil when there is no such file.
    public static func readIfThere<Value: Decodable>(_ type: Value.Type, path: String) throws -> Value? {
        FileManager.default.fileExists(atPath: path) ? try read(type, path: path) : nil
    }

    /// Writes a document's RFC 8785 form: all of it or nothing, and on the disk when this returns.
    public static func write(_ value: some Encodable, path: String) throws {
        try replace(path, try CanonicalJSON.encode(value))
    }

    /// Writes a public file: all of it or nothing, and on the disk when this returns.
    public static func replace(_ path: String, _ bytes: [UInt8]) throws {
        // A name of its own: two writers must not mix, and nobody can have laid a link there.
        let temporary = StateFile.temporaryName(beside: path)
        defer { unlink(temporary) }
        try StateFile.create(temporary, bytes, mode: 0o644)
        guard rename(temporary, path) == 0 else { throw StateError.cannotWrite(path, errno) }
        try StateFile.synchronizeFolder(StateFile.folder(of: path))
    }
}

/// A document that cannot be used: which, and why.
public struct JSONFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it, naming the field.
    public let reason: String

    /// `path: reason`.
    public var description: String { "\(path): \(reason)" }
}
