import ContentAddressing
import NIOCore

/// Reads and checks the next blocks of a segment on other threads while earlier ones are sent.
struct BlockPrefetch {
    private static let depth = 4

    let dag: ImportedDAG

    func write(_ items: [ImportedDAG.Item], to write: (ByteBuffer) async throws -> Void) async throws {
        var ahead: [Task<ByteBuffer, any Error>] = []
        defer { for task in ahead { task.cancel() } }
        var next = 0
        for _ in items {
            while next < items.count, ahead.count < Self.depth {
                let item = items[next]
                next += 1
                ahead.append(
                    Task { [dag] in
                        try Task.checkCancellation()
                        return Self.section(try dag.block(item))
                    })
            }
            let section = try await ahead.removeFirst().value
            try await write(section)
        }
    }

    private static func section(_ block: Block) -> ByteBuffer {
        let prefix = CARWriter.prefix(of: block.cid, byteCount: block.bytes.count)
        var buffer = ByteBufferAllocator().buffer(capacity: prefix.count + block.bytes.count)
        buffer.writeBytes(prefix)
        buffer.writeBytes(block.bytes)
        return buffer
    }
}
