package import DNAProtocol

/// Which registered model a worker takes up next. What fails is tried again after pauses that grow.
package struct TakeUpPlan: Sendable {
    private struct Failure: Sendable {
        let registration: ModelRegistration
        let reason: String
        let count: Int
        let next: ContinuousClock.Instant
    }

    private let pause: Duration
    private let longestPause: Duration
    private var registered: [RegisteredModel] = []
    private var failures: [ModelID: Failure] = [:]
    /// Since when models that were taken up are not registered.
    private var absences: [ModelID: ContinuousClock.Instant] = [:]

    /// The pause after a first failure doubles with each further one.
    package init(pause: Duration, longestPause: Duration) {
        self.pause = pause
        self.longestPause = longestPause
    }

    /// Which of the models that were taken up have not been registered for as long as `grace`, at the end of which
    /// nobody waits for them any more.
    package mutating func ended(
        among taken: some Collection<ModelID>, grace: Duration, now: ContinuousClock.Instant
    ) -> [ModelID] {
        let listed = Set(registered.map(\.model.id))
        let absent = taken.filter { !listed.contains($0) }
        absences = Dictionary(absent.map { ($0, absences[$0] ?? now) }) { first, _ in first }
        return absent.filter { absences[$0].map { $0 + grace <= now } ?? false }
    }

    /// Takes the newest list, verified. What was said anew is tried at once.
    package mutating func note(_ registered: [RegisteredModel]) {
        self.registered = registered
        let registrations = Dictionary(registered.map { ($0.model.id, $0.registration) }) { first, _ in first }
        failures = failures.filter { registrations[$0.key] == $0.value.registration }
    }

    /// The next to try; nil when there is nothing to do now.
    package func next(besides served: some Collection<ModelID>, now: ContinuousClock.Instant) -> RegisteredModel? {
        registered.first { registered in
            let id = registered.model.id
            return !served.contains(id) && failures[id].map { $0.next <= now } ?? true
        }
    }

    /// Takes note that a model was not taken up.
    ///
    /// - Returns: whether the reason is another one than the last time.
    package mutating func fail(_ model: RegisteredModel, _ reason: String, now: ContinuousClock.Instant) -> Bool {
        let earlier = failures[model.model.id]
        let count = (earlier?.count ?? 0) + 1
        failures[model.model.id] = Failure(
            registration: model.registration, reason: reason, count: count,
            next: now + min(pause * (1 << min(count - 1, 16)), longestPause))
        return earlier?.reason != reason
    }
}
