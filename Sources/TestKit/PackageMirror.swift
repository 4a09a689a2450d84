package import Cryptography
package import DNAProtocol
import Foundation
import Hummingbird
import Logging
import ModelPackages
import NIOCore
import ServiceKit
import Synchronization

/// Packages of the real weights, on a web server.
package final class PackageMirror: Sendable {
    private let folder = FileManager.default.temporaryDirectory.path + "/mirror-" + UUID().uuidString
    private let asked = Mutex<[String]>([])
    private let isHeld = Mutex(false)

    /// Without a package.
    package init() {}

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What the web server was asked for.
    package var paths: [String] { asked.withLock { $0 } }

    /// Whether weights are kept back: who asks for them waits.
    package var holdsWeights: Bool {
        get { isHeld.withLock { $0 } }
        set { isHeld.withLock { $0 = newValue } }
    }

    /// The folder of a package.
    package func folder(of name: String) -> String { "\(folder)/\(name)" }

    /// Packs the real weights under a name: for everybody, or for some nodes only.
    package func pack(
        _ name: String, policy: Policy? = nil, for nodes: [Ed25519.PublicKey] = []
    ) async throws -> PublishedModel {
        var draft = try PackageDraft(from: RealModel.path)
        draft.manifest.name = name
        draft.manifest.contextLength = 256
        if let policy { draft.manifest.policy = policy }
        var writer = PackageWriter(folder: folder(of: name))
        writer.placement = .link
        writer.recipients = nodes
        return try await draft.write(with: writer)
    }

    /// Serves the packages, each below its name, during `body`.
    package func serve(_ body: @Sendable (_ url: String) async throws -> Void) async throws {
        let router = ServiceRouter.service()
        router.get("**") { [self] request, _ in
            asked.withLock { $0.append(request.uri.path) }
            guard let data = FileManager.default.contents(atPath: folder + request.uri.path) else {
                return Response(status: .notFound)
            }
            if request.uri.path.hasSuffix(".gguf") { try await eventually { !self.holdsWeights } }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: data)))
        }
        let logger = Logger(label: "mirror") { _ in SwiftLogNoOpLogHandler() }
        let service = HTTPService(router: router, options: HTTPServiceOptions(servesHTTP1: true), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body("http://127.0.0.1:\(try await service.port())")
            group.cancelAll()
        }
    }
}
