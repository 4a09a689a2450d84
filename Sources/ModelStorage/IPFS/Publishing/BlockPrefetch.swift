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
                    Task {
                        try Task.checkCancellation()
                        return try self.section(item)
                    })
            }
            let section = try await ahead.removeFirst().value
            try await write(section)
        }
    }

    /// A block's section of the archive; a leaf goes from its file to where it is sent from without a copy.
    private func section(_ item: ImportedDAG.Item) throws -> ByteBuffer {
        let count = dag.size(of: item)
        let prefix = CARWriter.prefix(of: dag.name(of: item), byteCount: count)
        var buffer = ByteBufferAllocator().buffer(capacity: prefix.count + count)
        buffer.writeBytes(prefix)
        switch item {
        case .node(let block): buffer.writeBytes(block.bytes)
        case .leaf(let file, let index):
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                try dag.readLeaf(
                    file: file, index: index, into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]))
                return count
            }
        }
        return buffer
    }
}
