/// What may end a job from outside.
struct JobControl: Sendable {
    /// Asked between steps.
    let isCancelled: @Sendable () -> Bool
    /// When the job is given up; nil: never.
    let deadline: ContinuousClock.Instant?

    /// Why the job should end now.
    func reason(_ now: @autoclosure () -> ContinuousClock.Instant) -> EngineError? {
        if isCancelled() { return .cancelled }
        if let deadline, now() >= deadline { return .deadlineExceeded }
        return nil
    }
}
