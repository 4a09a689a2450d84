import Glibc
import Synchronization

/// Hashes a file's leaves on all cores. Each task reads the next piece into its own buffer, so memory is one piece a
/// core, and the order is kept by the pieces' numbers.
struct LeafHashing {
    let profile: ImportProfile
    let workers: Int
    let progress: @Sendable (Int) -> Void

    private final class Turn: Sendable {
        private let next = Atomic(0)
        func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
    }

    func leaves(of source: FileSource) async throws -> [TreeLink] {
        let file = try source.open()
        let count = source.chunkCount(of: profile.chunkBytes)
        let turn = Turn()
        var leaves = [TreeLink?](repeating: nil, count: count)
        try await withThrowingTaskGroup(of: [(Int, TreeLink)].self) { group in
            for _ in 0..<min(workers, count) {
                group.addTask { try await hash(source, file, count, turn) }
            }
            for try await share in group {
                for (index, leaf) in share { leaves[index] = leaf }
            }
        }
        try source.check(file)
        return leaves.compactMap { $0 }
    }

    private func hash(
        _ source: FileSource, _ file: OpenFile, _ count: Int, _ turn: Turn
    ) async throws -> [(Int, TreeLink)] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: profile.chunkBytes, alignment: 64)
        defer { buffer.deallocate() }
        var done: [(Int, TreeLink)] = []
        while case let index = turn.take(), index < count {
            try Task.checkCancellation()
            let start = index * profile.chunkBytes
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(profile.chunkBytes, source.size - start)])
            try file.read(piece, at: start)
            done.append((index, profile.leaf(of: UnsafeRawBufferPointer(piece))))
            progress(piece.count)
            // The threads are everybody's.
            await Task.yield()
        }
        return done
    }
}
