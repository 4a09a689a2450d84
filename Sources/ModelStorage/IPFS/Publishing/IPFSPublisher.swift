public import ContentAddressing
import NIOCore
import Synchronization

/// What a publication reports while it goes on, from any thread.
public enum PublishEvent: Sendable {
    /// Bytes that the node took.
    case sent(Int)
    /// Bytes that the node had already.
    case present(Int)
    /// A call that failed and is tried again.
    case retrying(reason: String)
}

/// What a publication did.
public struct PublishReport: Sendable, Hashable {
    /// The package's id.
    public let root: CID
    /// Bytes sent, those sent twice included.
    public let sentBytes: Int
    /// Bytes that were there before.
    public let presentBytes: Int
    /// Blocks read back through a gateway and compared.
    public let sampledBlocks: Int
}

/// Publishes a package to an IPFS node: its id is known before the first byte leaves, and a publication that was killed goes
/// on with what is missing.
public struct IPFSPublisher: Sendable {
    private static let segmentsAtOnce = 2
    private static let questionsAtOnce = 16

    private let rpc: KuboRPC
    private let gateways: [StorageEndpoint]
    private let journalFolder: String
    /// Bytes of a segment; by default what suits the package's size.
    package var segmentBytes: Int?
    /// How often a segment is tried.
    package var retry = Retry(attempts: 6, base: .milliseconds(250), most: .seconds(15))
    /// How many blocks are read back.
    public var sampleSize = 8
    /// How long the node may take to pin, at least; more for large packages.
    public var pinTimeout: Duration = .seconds(60)

    /// - Parameters:
    ///   - gateways: where a sample is read back; none to do without.
    ///   - journalFolder: where it is remembered what was sent.
    public init(rpc: KuboRPC, gateways: [StorageEndpoint], journalFolder: String) {
        self.rpc = rpc
        self.gateways = gateways
        self.journalFolder = journalFolder
    }

    private struct Counts {
        var sent = 0
        var present = 0
    }

    /// Sends what the node does not have, pins the whole, and reads a sample back. Throws ``StorageError``.
    public func publish(
        _ dag: ImportedDAG, progress: @escaping @Sendable (PublishEvent) -> Void = { _ in }
    ) async throws -> PublishReport {
        precondition(dag.profile.rawLeaves, "archives are measured before they are made: leaves are bare bytes")
        let plan = SegmentPlan(dag, segmentBytes: segmentBytes)
        let root = dag.root.cid
        let journal = try PublishJournal(
            folder: journalFolder, root: root, server: rpc.endpoint.description, segmentBytes: plan.segmentBytes)
        let tally = Tally(progress)
        if try await attempt("asking for pins", tally, { try await rpc.isPinned(root) }) {
            tally.report(.present(plan.segments.reduce(0) { $0 + $1.bytes }))
        } else {
            try await sendAndPin(dag, plan, journal, tally)
        }
        let sampled = try await readBack(dag)
        journal.remove()
        let counts = tally.counts
        return PublishReport(
            root: root, sentBytes: counts.sent, presentBytes: counts.present, sampledBlocks: sampled)
    }

    private final class Tally: Sendable {
        private let state = Mutex(Counts())
        private let progress: @Sendable (PublishEvent) -> Void

        init(_ progress: @escaping @Sendable (PublishEvent) -> Void) { self.progress = progress }

        var counts: Counts { state.withLock { $0 } }

        func report(_ event: PublishEvent) {
            state.withLock { state in
                switch event {
                case .sent(let bytes): state.sent += bytes
                case .present(let bytes): state.present += bytes
                case .retrying: break
                }
            }
            progress(event)
        }
    }

    // MARK: Sending

    private func sendAndPin(
        _ dag: ImportedDAG, _ plan: SegmentPlan, _ journal: PublishJournal, _ tally: Tally
    ) async throws {
        let rounds = 3
        for round in 1...rounds {
            try await send(dag, plan, journal, tally)
            // A node reads every block to pin it.
            let seconds = Int(pinTimeout.components.seconds) * round + Int(dag.root.totalSize / (50 << 20))
            do {
                try await rpc.pin(dag.root.cid, timeout: seconds)
                if try await rpc.isPinned(dag.root.cid) { return }
                throw KuboRPC.Broken(reason: "it is not among the node's pins")
            } catch let error where error is KuboRPC.Broken || error is KuboRPC.Refusal {
                let reason = Self.reason(error)
                guard round < rounds else {
                    throw StorageError.notKept("\(rpc.endpoint)", root: dag.root.cid, reason: reason)
                }
                // What was not pinned may have been collected meanwhile: ask for every block.
                tally.report(.retrying(reason: reason))
                try journal.doubtAll(plan.segments.count)
            }
        }
    }

    private func send(
        _ dag: ImportedDAG, _ plan: SegmentPlan, _ journal: PublishJournal, _ tally: Tally
    ) async throws {
        let turn = Turn()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.segmentsAtOnce {
                group.addTask {
                    while case let number = turn.take(), number < plan.segments.count {
                        if journal.isDone(number) {
                            tally.report(.present(plan.segments[number].bytes))
                        } else {
                            try await send(plan.segments[number], number, dag, journal, tally)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func send(
        _ segment: Segment, _ number: Int, _ dag: ImportedDAG, _ journal: PublishJournal, _ tally: Tally
    ) async throws {
        var known = 0
        try await attempt("sending blocks", tally) {
            let missing = try await missing(of: segment, inDoubt: journal.isInDoubt(number), dag)
            let there = segment.bytes - missing.reduce(0) { $0 + dag.size(of: $1) }
            if there > known {
                tally.report(.present(there - known))
                known = there
            }
            try journal.begin(number)
            if !missing.isEmpty { try await sendArchive(missing, dag) }
            tally.report(.sent(segment.bytes - there))
        }
        try journal.finish(number)
    }

    /// Asks for every block when some may be there: when the segment was begun before, or when its first or last block is.
    private func missing(of segment: Segment, inDoubt: Bool, _ dag: ImportedDAG) async throws -> [ImportedDAG.Item] {
        if !inDoubt, let first = segment.items.first, let last = segment.items.last {
            let ends = try await missing(of: [first, last], dag)
            if ends.count == 2 { return segment.items }
        }
        return try await missing(of: segment.items, dag)
    }

    private func missing(of items: [ImportedDAG.Item], _ dag: ImportedDAG) async throws -> [ImportedDAG.Item] {
        try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            var isMissing = [Bool](repeating: true, count: items.count)
            for index in items.indices {
                if index >= Self.questionsAtOnce, let (place, answer) = try await group.next() {
                    isMissing[place] = answer
                }
                group.addTask { (index, try await rpc.localSize(of: dag.name(of: items[index])) == nil) }
            }
            for try await (place, answer) in group { isMissing[place] = answer }
            return items.indices.filter { isMissing[$0] }.map { items[$0] }
        }
    }

    private func sendArchive(_ items: [ImportedDAG.Item], _ dag: ImportedDAG) async throws {
        let header = CARWriter.header(roots: [dag.root.cid])
        let length = items.reduce(header.count) { sum, item in
            let size = dag.size(of: item)
            return sum + CARWriter.prefix(of: dag.name(of: item), byteCount: size).count + size
        }
        try await rpc.importArchive(length: length, blocks: items.count) { write in
            try await write(ByteBuffer(bytes: header))
            try await BlockPrefetch(dag: dag).write(items, to: write)
        }
    }

    private func attempt<R: Sendable>(
        _ doing: String, _ tally: Tally, _ body: () async throws -> R
    ) async throws -> R {
        var number = 1
        while true {
            do {
                return try await body()
            } catch let error as KuboRPC.Refusal where !error.isPassing {
                throw StorageError.server("\(rpc.endpoint)", doing: doing, reason: error.message)
            } catch let error where error is KuboRPC.Broken || error is KuboRPC.Refusal {
                let reason = Self.reason(error)
                guard number < retry.attempts else {
                    throw StorageError.unreachable("\(rpc.endpoint)", doing: doing, reason: reason)
                }
                tally.report(.retrying(reason: reason))
                try await Task.sleep(for: retry.pause(number))
                number += 1
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as KuboRPC.Broken: error.reason
        case let error as KuboRPC.Refusal: error.message
        default: "\(error)"
        }
    }

    // MARK: Reading back

    /// The root and some leaves, first and last among them, by another route than they were sent.
    private func readBack(_ dag: ImportedDAG) async throws -> Int {
        guard !gateways.isEmpty else { return 0 }
        let leaves = dag.files.flatMap(\.leaves)
        var chosen = [leaves.first, leaves.last].compactMap { $0 }
        while chosen.count < min(sampleSize, leaves.count), let leaf = leaves.randomElement() { chosen.append(leaf) }
        let fetcher = IPFSFetcher(gateways: gateways, client: rpc.client)
        let sample = Set([dag.root.cid] + chosen)
        for cid in sample { _ = try await fetcher.block(cid) }
        return sample.count
    }
}
