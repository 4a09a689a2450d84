import Canonical
import DNAProtocol
import Foundation
import HTTPTransport
import HTTPTypes

/// Fetches a package's folder from a web server, file by file; what has come of a file resumes by `Range`.
///
/// Every file is held against the manifest that the server gives. Whether that is the right manifest only the package's id
/// tells, which the caller compares.
struct MirrorFetcher: Sendable {
    let server: StorageEndpoint
    let client: HTTP1Client
    var conditions = FetchConditions()
    var retry = Retry(attempts: 6, base: .milliseconds(500), most: .seconds(30))

    init(_ server: StorageEndpoint, client: HTTP1Client) {
        self.server = server
        self.client = client
    }

    /// Fetches to `destination`, by way of `destination.partial`.
    ///
    /// Throws ``StorageError``, `CancellationError`.
    func fetch(to destination: String, progress: @escaping @Sendable (PackageEvent) -> Void) async throws {
        let folder = try DownloadFolder(destination)
        let (bytes, manifest) = try await manifest(progress)
        let total = manifest.files.reduce(bytes.count) { $0 + $1.size }
        try conditions.manifest?(bytes)
        try conditions.size(total)
        let names = manifest.files.map(\.name) + [Manifest.fileName]
        try folder.begin(with: names)
        let files = manifest.files.map { MirrorFile($0, path: folder.path(of: $0.name)) }
        progress(.planned(bytes: total, present: try files.reduce(0) { $0 + min(try $1.present(), $1.file.size) }))
        for file in files {
            try await fetch(file, progress)
            try Task.checkCancellation()
        }
        try folder.replace(Manifest.fileName, with: bytes)
        progress(.received(bytes.count))
        try folder.complete(names)
    }

    private func manifest(_ progress: @Sendable (PackageEvent) -> Void) async throws -> ([UInt8], Manifest) {
        let bytes = try await again("GET \(Manifest.fileName)", progress) {
            let response = try await client.send(
                .get, path(of: Manifest.fileName), to: server.origin, fields: server.fields,
                responseLimit: Manifest.maximumBytes)
            guard response.status == .ok else { throw refusal(response.status, response.head.headerFields) }
            return [UInt8](buffer: response.body)
        }
        return (bytes, try Manifest(fetched: bytes, from: "\(server)"))
    }

    /// Brings a file to its end, and holds it against its digest. What an earlier call left may be wrong: then the file
    /// is fetched once more from its beginning.
    private func fetch(_ file: MirrorFile, _ progress: @escaping @Sendable (PackageEvent) -> Void) async throws {
        let isFresh = try file.present() == 0
        try await fill(file, progress)
        if try file.isRight() { return }
        try file.discard()
        if !isFresh {
            progress(.received(-file.file.size))
            try await fill(file, progress)
            if try file.isRight() { return }
            try file.discard()
        }
        throw StorageError.server(
            "\(server)", doing: "GET \(file.file.name)", reason: "these are not the bytes its manifest describes")
    }

    private func fill(_ file: MirrorFile, _ progress: @escaping @Sendable (PackageEvent) -> Void) async throws {
        if file.file.size == (try file.present()) { return }
        try await again("GET \(file.file.name)", progress) {
            let start = try file.present()
            guard start < file.file.size else { return }
            var fields = server.fields
            if start > 0 { fields[.range] = "bytes=\(start)-" }
            try await client.withExchange(.get, path(of: file.file.name), to: server.origin, fields: fields) {
                exchange in
                try await exchange.finish()
                let head = try await exchange.response()
                let writer = try file.writer(from: try begin(head, start, file, progress))
                while let piece = try await exchange.read() {
                    guard try piece.withUnsafeReadableBytes({ try writer.append($0) }) else {
                        throw Refusal(reason: "it sends more bytes than its manifest says", helps: false)
                    }
                    progress(.received(piece.readableBytes))
                }
                try writer.finish()
            }
            guard try file.present() == file.file.size else {
                throw Refusal(reason: "the file ends too early", helps: true)
            }
        }
    }

    /// Where the bytes of a response belong.
    private func begin(
        _ head: HTTPResponse, _ start: Int, _ file: MirrorFile, _ progress: @Sendable (PackageEvent) -> Void
    ) throws -> Int {
        switch head.status.code {
        case 206 where start > 0 && head.headerFields[.contentRange]?.hasPrefix("bytes \(start)-") == true: return start
        case 200:
            // It knows no ranges.
            if start > 0 { progress(.received(-start)) }
            return 0
        case 206, 416:
            try file.discard()
            progress(.received(-start))
            throw Refusal(reason: "status \(head.status.code), which does not fit the range", helps: true)
        default: throw refusal(head.status, head.headerFields)
        }
    }

    // MARK: Trying again

    private struct Refusal: Error {
        let reason: String
        /// Whether asking again can help.
        let helps: Bool
        var after: Duration?
    }

    private func refusal(_ status: HTTPResponse.Status, _ fields: HTTPFields) -> Refusal {
        let after = fields[.retryAfter].flatMap { Int($0) }.map { Duration.seconds(min(max($0, 0), 30)) }
        return Refusal(reason: "status \(status.code)", helps: status.code == 429 || status.code >= 500, after: after)
    }

    private func again<R>(
        _ doing: String, _ progress: @Sendable (PackageEvent) -> Void, _ body: () async throws -> R
    ) async throws -> R {
        var attempt = 1
        while true {
            let refusal: Refusal
            do {
                return try await body()
            } catch let error as Refusal {
                refusal = error
            } catch let error as HTTPTransportError {
                refusal = Refusal(reason: error.description, helps: true)
            }
            guard refusal.helps else { throw StorageError.server("\(server)", doing: doing, reason: refusal.reason) }
            guard attempt < retry.attempts else {
                throw StorageError.unreachable("\(server)", doing: doing, reason: refusal.reason)
            }
            progress(.retrying(reason: "\(server): \(doing): \(refusal.reason)"))
            try await Task.sleep(for: max(refusal.after ?? .zero, retry.pause(attempt)))
            attempt += 1
        }
    }

    /// Names may hold what a URL may not.
    private func path(of name: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let escaped = name.utf8.map { byte in
            plain.contains(byte) ? String(UnicodeScalar(byte)) : "%" + Hexadecimal.encode([byte]).uppercased()
        }
        return "\(server.prefix)/\(escaped.joined())"
    }
}
