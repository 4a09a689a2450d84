import HTTPTypes
import Hummingbird
import ModelStorage
import NIOCore

/// A node's double behind a real socket.
struct LoopbackNode: HTTPResponder {
    typealias Context = BasicRequestContext

    let double: NodeDouble
    /// Where paths have gone.
    var moved: [String: String] = [:]

    func respond(to request: Request, context: Context) async throws -> Response {
        if let location = moved[request.uri.path] {
            return Response(status: .found, headers: [.location: location])
        }
        let body = try await request.body.collect(upTo: 16 << 20)
        let response = try await double.send(
            NodeRequest(
                method: request.method == .post ? .post([UInt8](buffer: body)) : .get, path: request.uri.path,
                range: request.headers[.range].flatMap(Self.range), deadline: .seconds(60), responseLimit: 16 << 20))
        return Response(
            status: .init(code: response.status),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
    }

    /// `bytes=0-99`.
    private static func range(_ text: String) -> Range<Int>? {
        let ends = text.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 ? ends[0]..<ends[1] + 1 : nil
    }

    /// Serves while `body` runs.
    static func serve<R: Sendable>(
        _ double: NodeDouble, moved: [String: String] = [:],
        _ body: @escaping @Sendable (StorageEndpoint) async throws -> R
    ) async throws -> R {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: LoopbackNode(double: double, moved: moved),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) })
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                for await port in ports {
                    // It is a URL.
                    return try await body(StorageEndpoint("http://127.0.0.1:\(port)")!)
                }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
