import DNAProtocol
import Synchronization

/// The models a worker serves; others may come while it works.
final class ServedModels: Sendable {
    private struct Shared {
        var models: [ModelID: ServedModel] = [:]
        var listener: AsyncStream<Void>.Continuation?
    }

    private let shared: Mutex<Shared>
    /// What is served whatever is registered.
    private let given: Set<ModelID>

    init(_ models: [ServedModel]) {
        given = Set(models.map(\.id))
        shared = Mutex(Shared(models: Dictionary(models.map { ($0.id, $0) }) { first, _ in first }))
    }

    subscript(id: ModelID) -> ServedModel? { shared.withLock { $0.models[id] } }

    /// In the order of their ids.
    var all: [ServedModel] { shared.withLock { Array($0.models.values) }.sorted { $0.id < $1.id } }

    /// In their order.
    var ids: [ModelID] { all.map(\.id) }

    /// What their constructors published.
    var published: [PublishedModel] { all.map(\.computation.model) }

    /// Those that came since the start.
    var taken: [ModelID] { ids.filter { !given.contains($0) } }

    func insert(_ model: ServedModel) { change { $0[model.id] = model } }

    /// Its engine and its place in the cache go with the last computation.
    func remove(_ id: ModelID) { change { $0[id] = nil } }

    private func change(_ body: (inout [ModelID: ServedModel]) -> Void) {
        shared.withLock { shared in
            body(&shared.models)
            shared.listener?.yield()
        }
    }

    /// Whether an engine has room for one more assignment besides those that are computed, given by their models.
    func hasRoom(besides computing: some Collection<ModelID>) -> Bool {
        guard computing.count < AssignmentPoll.Body.maximumInHand else { return false }
        let models = all
        return models.isEmpty || models.contains { model in computing.count { $0 == model.id } < model.capacity }
    }

    /// What `body` gives for the models that are served now; nil as soon as they are others, for which `body` is
    /// cancelled. One task waits at a time.
    func untilChange<Value: Sendable>(
        _ body: @escaping @Sendable ([ModelID]) async throws -> Value?
    ) async throws -> Value? {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        shared.withLock { $0.listener = continuation }
        let now = ids
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body(now) }
            group.addTask {
                for await _ in changes { break }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
