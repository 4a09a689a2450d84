import Foundation
import Logging
import ServiceLifecycle

/// Reads the file of API keys again when it has changed. A file that cannot be used changes nothing.
struct APIKeyWatcher: Service {
    let path: String
    let access: ClientAccess
    let logger: Logger
    private static let interval: Duration = .seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var seen = stamp()
            while true {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                let now = stamp()
                if now == seen { continue }
                seen = now
                reload()
            }
        }
    }

    private func reload() {
        do {
            let file = try APIKeyFile.read(path)
            access.replace(file)
            logger.info("read the API keys", metadata: ["keys": "\(file.keys.count)"])
        } catch {
            logger.error("the API keys stay as they were", metadata: ["file": "\(path)", "error": "\(error)"])
        }
    }

    /// What changes when the file does; an editor that replaces the file makes another inode.
    private func stamp() -> [String] {
        let attributes = (try? FileManager.default.attributesOfItem(atPath: path)) ?? [:]
        return [FileAttributeKey.modificationDate, .size, .systemFileNumber].map { key in
            (attributes[key] as? Date).map { "\($0.timeIntervalSince1970)" } ?? "\(attributes[key] ?? "")"
        }
    }
}
